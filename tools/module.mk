# Migrations become C: $(call migrations_rule,NAME,FOLDER,OUT) makes OUT_migrations.[ch] under build/gen.
define migrations_rule
$(GEN)/$(3).c $(GEN)/$(3).h &: $(wildcard $(2)/*.sql) tools/embed-migrations
	@mkdir -p $$(@D)
	$$(call say,SQL   $(2))
	$$(Q)python3 tools/embed-migrations $(1) $(2) $(GEN)/$(3).c $(GEN)/$(3).h
GENERATED_HEADERS += $(GEN)/$(3).h
OBJECTS           += $(B)/gen/$(3).o
endef

# A service: $(eval $(call service_rules,NAME)) in svc-NAME/module.mk. Everything but main.o goes into an archive
# that its unit tests link.
define service_rules
$(call migrations_rule,$(subst -,_,$(1)),svc-$(1)/migrations,svc-$(1)/$(subst -,_,$(1))_migrations)
svc-$(1)_objects := $$(call objects_of,$$(sort $$(wildcard svc-$(1)/*.c)))
OBJECTS          += $$(svc-$(1)_objects)
$$(svc-$(1)_objects): CPPFLAGS += -Isvc-$(1)
$(B)/svc-$(1)/libsvc-$(1).a: $$(filter-out %/main.o,$$(svc-$(1)_objects)) \
    $(B)/gen/svc-$(1)/$(subst -,_,$(1))_migrations.o
$(B)/svc-$(1)/svc-$(1): $(B)/svc-$(1)/main.o $(B)/svc-$(1)/libsvc-$(1).a $$(LIBCOMMON) $$(CONTRACTS)
	$$(call say,LD    $$@)
	$$(Q)$$(CC) $$(CFLAGS) $$(LDFLAGS) $$(filter %.o,$$^) -Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group \
	    $$(LDLIBS) -o $$@
PROGRAMS += $(B)/svc-$(1)/svc-$(1)
endef

.PHONY: hooks
hooks: ## Have git look at what is staged before each commit (tools/hooks/pre-commit)
	git config core.hooksPath tools/hooks
