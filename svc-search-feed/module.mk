$(eval $(call service_rules,search-feed))
