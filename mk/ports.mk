# Upstream programs: usr/ports/build brings build/ports up to date (its head comment says how).

JOBS ?= $(shell nproc)

.PHONY: ports FORCE
ports: build/ports/stamp
build/ports/stamp: build/sdk/stamp FORCE
	$(Q)mkdir -p $(@D) && usr/ports/build -j $(JOBS)
	$(Q)cat build/ports/*.key | cmp -s - $@ || cat build/ports/*.key > $@
