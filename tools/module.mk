# Migrations become C: $(call migrations_rule,NAME,FOLDER,OUT) makes OUT_migrations.[ch] under build/gen.
define migrations_rule
$(GEN)/$(3).c $(GEN)/$(3).h &: $(wildcard $(2)/*.sql) tools/embed-migrations
	@mkdir -p $$(@D)
	$$(call say,SQL   $(2))
	$$(Q)python3 tools/embed-migrations $(1) $(2) $(GEN)/$(3).c $(GEN)/$(3).h
GENERATED_HEADERS += $(GEN)/$(3).h
OBJECTS           += $(B)/gen/$(3).o
endef
