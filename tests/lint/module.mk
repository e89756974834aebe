# make lint: what programs can say about the sources without running them. Marks in build/lint say what
# was found clean, so the next run looks at what changed.

LINT := build/lint

# However deep: tests have folders of their own.
c_below = $(foreach d,* */* */*/*,$(wildcard $(addprefix $(1)/$(d),.c .h .cc)))

lint_c      := $(sort $(wildcard libcommon/*/*.[ch] svc-*/*.[ch] tools/*/*.[ch]) $(call c_below,tests))
lint_shell  := tools/setup $(wildcard tools/setup.d/*.sh) tools/watch tools/hooks/pre-commit tests/run-suites \
               tests/unit/run-all tests/unit/run-changed \
               tests/fuzz/encode-seeds .ci/run
lint_python := tools $(sort $(patsubst %/,%,$(dir $(wildcard tests/*/*.py tests/*/*/*.py))))
lint_scripts = $(shell grep -slE -d skip '^\#!.*python' $(wildcard tools/*))

# Benchmarks and fuzzers include code that only they generate.
tidy_sources := $(filter-out tests/bench/% tests/fuzz/%,$(filter %.c,$(lint_c)))
tidy_marks   := $(patsubst %.c,$(LINT)/tidy/%,$(tidy_sources))
tidy_flags    = -D_GNU_SOURCE -Ilibcommon -I$(GEN) -I. $(if $(filter svc-%,$(1)),-I$(1)) -std=gnu17 \
                -Wall -Wextra

lint_checks := format tidy layers sql contracts docs shell python text

.PHONY: lint $(addprefix lint-,$(lint_checks))
lint: ## Look for faults in the sources: C, contracts, SQL, shell, Python
	@tools/setup packages venv
	@$(MAKE) --no-print-directory --keep-going --output-sync=target -j$(shell nproc) \
	    $(addprefix lint-,$(lint_checks)) check-aarch64 check-clang

lint-format: $(LINT)/format ; @:
$(LINT)/format: $(lint_c) .clang-format $(SETUP)
	@mkdir -p $(@D)
	$(call say,LINT  format)
	$(Q)clang-format --dry-run -Werror $(if $(filter .clang-format $(SETUP),$?),$(lint_c),$?)
	@touch $@

lint-tidy: $(tidy_marks) ; @:
$(LINT)/tidy/%: %.c .clang-tidy tests/.clang-tidy | $(GENERATED_HEADERS)
	@mkdir -p $(@D)
	$(call say,LINT  $<)
	@clang $(call tidy_flags,$(firstword $(subst /, ,$*))) -MM -MP -MT $@ -MF $@.d $<
	$(Q)said=$$(clang-tidy --quiet $< -- $(call tidy_flags,$(firstword $(subst /, ,$*))) 2>&1) || \
	    { printf '%s\n' "$$said"; exit 1; }
	@touch $@
-include $(addsuffix .d,$(tidy_marks))

lint-layers:
	$(call say,LINT  layers)
	$(Q)tools/check-layers

lint-sql:
	$(call say,LINT  SQL)
	$(Q)tools/check-sql

lint-contracts: $(LINT)/contracts ; @:
$(LINT)/contracts: $(COMMENTED_SET) $(BASELINE) proto/buf.yaml
	@mkdir -p $(@D)
	$(call say,LINT  contracts)
	$(Q)$(VENV)/bin/buf lint $< --config proto/buf.yaml
	$(Q)$(VENV)/bin/buf breaking $< --against $(BASELINE) --config proto/buf.yaml
	@touch $@

lint-docs: $(docs_need)
	$(call say,LINT  docs)
	$(Q)$(foreach p,$(DOCS),$(docs_$(p)) | diff -u docs/$(p).md - &&) : || \
	    { echo 'docs/ is not what the code says: make docs'; exit 1; }

lint-shell: $(LINT)/shell ; @:
$(LINT)/shell: $(lint_shell) $(SETUP)
	@mkdir -p $(@D)
	$(call say,LINT  shell)
	$(Q)shellcheck $(lint_shell)
	@touch $@

# Both have caches of their own. Each folder of tests has its conftest, so mypy sees one at a time; what
# has no .py at its end goes by its name.
lint-python: $(SETUP)
	$(call say,LINT  Python)
	$(Q)$(VENV)/bin/ruff check --quiet
	$(Q)$(VENV)/bin/ruff format --check --quiet
	$(Q)failed=0; for part in $(lint_python) '--scripts-are-modules $(lint_scripts)'; do \
	    $(VENV)/bin/mypy --no-error-summary $$part || failed=1; done; exit $$failed

# Nothing is found: 1.
not_in_texts = git grep --no-index --exclude-standard -nIP -e '$(1)' -- $(2); [ $$? -eq 1 ]

lint-text:
	$(call say,LINT  texts)
	$(Q)$(call not_in_texts,[ \t\r]$$,.)
	$(Q)$(call not_in_texts,\t,. ":!*.mk" ":!Makefile")
	$(Q)$(call not_in_texts,\b(TO''DO|FIX''ME)\b|/(ho''me|ro''ot)/\w,.)

# The other processor and the other compiler: objects only. Headers that are the same on every processor
# are those of this machine.
cross_cc      = aarch64-linux-gnu-gcc -idirafter /usr/include \
                -idirafter /usr/include/$(shell gcc -print-multiarch)
souk_objects  = $(libcommon_objects) $(foreach s,$(wildcard svc-*),$($(s)_objects))

.PHONY: objects check-aarch64 check-clang
objects: $(souk_objects)

check-aarch64: contracts ## Compile libcommon and the services for aarch64
	$(call say,LINT  aarch64)
	$(Q)$(MAKE) --silent --no-print-directory objects B=build/lint/aarch64 CC='$(cross_cc)'

check-clang: contracts ## Compile libcommon and the services by clang
	$(call say,LINT  clang)
	$(Q)$(MAKE) --silent --no-print-directory objects B=build/lint/clang CC=clang
