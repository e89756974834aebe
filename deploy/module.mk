# A stack on this machine: make up, down, status, demo. Each first sees to what it needs: servers and
# packages, contracts, services. Services run optimised here unless MODE says otherwise.

STACK    ?= build/stack/dev
RUN_MODE := $(if $(filter file,$(origin MODE)),release,$(MODE))

# The two that people start by hand; tests have their own elsewhere.
stacks_here = $(wildcard $(sort $(STACK) build/stack/dev build/stack/demo))

.PHONY: ready up down status demo
ready:
	@tools/setup all
	@$(MAKE) --silent --no-print-directory -j$(shell nproc) MODE=$(RUN_MODE) contracts all

up: ready ## Start servers, services and gateway (STACK=build/stack/dev)
	tools/stack up --mode $(RUN_MODE) --dir $(STACK)

down: ## Stop what up and demo started; data stays
	@for stack in $(stacks_here); do tools/stack down --dir $$stack && echo "stopped $$stack"; done

status: ## What runs, and where
	@for stack in $(stacks_here); do echo "$$stack"; tools/stack status --dir $$stack || true; done

demo: ready ## A purchase on a real stack of its own, every step checked; stays up until make down
	@tools/demo --mode $(RUN_MODE)
