$(eval $(call service_rules,order))
