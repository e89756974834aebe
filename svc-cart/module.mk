$(eval $(call service_rules,cart))
