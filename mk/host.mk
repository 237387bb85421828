# The host: tools, packages, how commands are shown.

CLANG ?= clang-14
LLD ?= ld.lld-14
LLVM_STRIP ?= llvm-strip-14
NM := llvm-nm-14
NASM ?= nasm
HOSTCC := $(CLANG)
PYTHON := /usr/bin/python3

# One line a step; V=1 shows the commands.  $(call say,NAME) begins each recipe.
V ?= 0
ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-7s %s\n' '$(1)' '$(or $(2),$@)'
endif

.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += -rR --no-print-directory
ifeq ($(filter -j% --jobserver%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc)
endif

# Installing packages comes before everything else: make remakes an included file first.
ifneq ($(filter-out clean help doctor,$(or $(MAKECMDGOALS),all)),)
include build/host/packages.mk
build/host/packages.mk: mk/packages mk/hostsetup
	$(Q)mk/hostsetup $@
endif
