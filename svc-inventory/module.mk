$(eval $(call service_rules,inventory))
