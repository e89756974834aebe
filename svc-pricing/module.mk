$(eval $(call service_rules,pricing))
