$(eval $(call service_rules,listing))
