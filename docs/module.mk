# Pages of docs/ that are made of the code: docs_PAGE prints docs/PAGE.md.
DOCS := configuration errors events state-machines

make_docs = tools/make-docs $(1) --contracts $(COMMENTED_SET) $(PROGRAMS)
docs_configuration  = $(call make_docs,configuration)
docs_errors         = $(call make_docs,errors)
docs_events         = $(call make_docs,events)
docs_state-machines = $(DRAW)

DRAW    := $(B)/tools/draw-machines/draw_machines
OBJECTS += $(DRAW).o
draw_archives := $(foreach s,listing inventory order,$(B)/svc-$(s)/libsvc-$(s).a)
$(DRAW): $(DRAW).o $(draw_archives) $(LIBCOMMON)
	$(call say,LD    $@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LDLIBS) -o $@

docs_need := $(COMMENTED_SET) $(PROGRAMS) $(DRAW)

.PHONY: docs
docs: $(docs_need) ## Make the pages of docs/ that are made of the code
	@mkdir -p $(B)/docs
	$(call say,DOCS  $(DOCS))
	$(Q)$(foreach p,$(DOCS),$(docs_$(p)) > $(B)/docs/$(p).md && mv $(B)/docs/$(p).md docs/$(p).md &&) :
