$(eval $(call service_rules,search-feed))

# Traditional characters and how they are simplified.
$(GEN)/svc-search-feed/simplified.c: tools/embed-simplified $(SETUP)
	@mkdir -p $(@D)
	$(call say,GEN   $@)
	$(Q)python3 tools/embed-simplified $@

$(B)/svc-search-feed/libsvc-search-feed.a: $(B)/gen/svc-search-feed/simplified.o
OBJECTS += $(B)/gen/svc-search-feed/simplified.o
