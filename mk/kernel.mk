# The kernel, once a kind (conf/KIND.conf), in build/obj/KIND/zenta; and the checks on its sources.

KINDS := release debug

# What every kernel file is compiled with; the machine and the kind come on top.
KWARN := -Wall -Wextra -Werror -Wno-unused-parameter -Wvla
KBASE := -ffreestanding -nostdlibinc -std=gnu17 -O2 -g $(KWARN) -Iinclude -Isys -Isys/x86 -Ibuild
KAMD64 := --target=x86_64-zenta -mcmodel=kernel -mno-red-zone -mgeneral-regs-only -fno-pic \
	-fno-omit-frame-pointer -momit-leaf-frame-pointer -fstack-protector-strong -mstack-protector-guard=global -fno-asynchronous-unwind-tables
# What runs seldom, or waits for people and devices, is compiled for size: the release kernel is memory.
KSMALL := $(wildcard sys/dev/*.c sys/fs/procfs*.c sys/fs/imgfs.c sys/fs/mount.c sys/proc/job*.c \
	sys/proc/exception.c sys/proc/info.c sys/proc/machine_info.c sys/proc/system.c sys/proc/throp.c sys/proc/holds.c \
	sys/ipc/trace.c sys/ipc/semctl.c sys/ipc/shm.c sys/ipc/sysv.c sys/ipc/mq.c sys/proc/pgrp.c sys/proc/ids.c sys/proc/limits.c sys/fs/reclock.c sys/kern/sysctl.c \
	sys/vm/memory_info.c sys/vm/pager.c sys/vm/owner.c sys/vm/daemon.c \
	sys/x86/acpi.c sys/x86/boot*.c sys/x86/panic.c sys/x86/pic.c sys/x86/power.c sys/x86/console.c sys/x86/trigger.c)
# Undefined behaviour stops the debug kernel where it happens: the compiler puts an invalid instruction there.
# A walk of a list ends on the list's head as if it were an element, which need not be aligned like one; a null pointer faults
# without that.
KUBSAN-debug := -fsanitize=undefined -fno-sanitize=alignment,null -fsanitize-trap=all
KI386 := --target=i386-zenta -march=i686 -mgeneral-regs-only -fno-pic
KLINK := -nostdlib -static -z max-page-size=4096 -z noexecstack --build-id=none

ifneq ($(filter-out clean help doctor,$(or $(MAKECMDGOALS),all)),)
include $(KINDS:%=build/obj/%/gen/sources.mk)
endif
build/obj/%/gen/sources.mk: conf/options conf/%.conf conf/files mk/config
	$(Q)mk/config $* $(@D)
build/obj/%/gen/config.h build/obj/%/gen/config.inc: build/obj/%/gen/sources.mk
	@:

# --- generated from the call table ----------------------------------------------------------------
FONT := /usr/share/grub/unicode.pf2
build/gen/stamp: conf/syscalls mk/gensys mk/font
	$(call say,GEN,conf/syscalls)
	$(Q)mkdir -p $(@D) && mk/gensys conf/syscalls $(@D) && mk/font $(FONT) $(@D)/font.h && touch $@
GENSOURCES := build/gen/syswrap.c
$(GENSOURCES): build/gen/stamp
	@:

# --- the vDSO, which every kernel carries ----------------------------------------------------------
build/vdso/vdso.so: build/gen/stamp lib/vdso/vdso.c lib/vdso/vdso.ld include/abi/vdso.h mk/vdso
	$(call say,LINK,$@)
	$(Q)CLANG='$(CLANG)' NASM='$(NASM)' LLD='$(LLD)' mk/vdso $(@D)

# --- one kernel a kind ----------------------------------------------------------------------------
define kernel_rules
kobj-$(1) := $$(patsubst %,build/obj/$(1)/%.o,$$(SOURCES-$(1)) $$(GENSOURCES))
kflags-$(1) := $$(KAMD64) $$(KBASE) -include build/obj/$(1)/gen/config.h -Ibuild/obj/$(1) $$(KUBSAN-$(1))

$(KSMALL:%=build/obj/$(1)/%.o): KSIZE := -Os
# Calls come in without a frame of their own: what makes the call stands for them in call chains.
build/obj/$(1)/sys/kern/syscall.c.o build/obj/$(1)/build/gen/syswrap.c.o: kflags-$(1) += -fomit-frame-pointer
build/obj/$(1)/%.c.o: %.c build/gen/stamp build/obj/$(1)/gen/config.h mk/kernel.mk
	$$(call say,CC,$(1)/$$<)
	$$(Q)mkdir -p $$(@D) && $$(CLANG) $$(kflags-$(1)) $$(KSIZE) -MMD -MP -c -o $$@ $$<
build/obj/$(1)/%.asm.o: %.asm build/obj/$(1)/gen/assym.inc build/obj/$(1)/gen/config.inc mk/kernel.mk
	$$(call say,ASM,$(1)/$$<)
	$$(Q)mkdir -p $$(@D) && $$(NASM) -f elf64 -g -F dwarf -w+error -Ibuild/obj/$(1)/gen/ -Isys/ -Ibuild/gen/ \
		-Ibuild/vdso/ -p config.inc -MD $$(@:.o=.d) -MP -o $$@ $$<
build/obj/$(1)/sys/x86/amd64/vdso.asm.o: build/vdso/vdso.so
# Structure offsets for assembler: the compiler prints them as %define lines.
build/obj/$(1)/gen/assym.inc: sys/x86/amd64/assym.c build/gen/stamp build/obj/$(1)/gen/config.h
	$$(call say,GEN)
	$$(Q)$$(CLANG) $$(kflags-$(1)) -MMD -MP -MT $$@ -MF $$@.d -fno-integrated-as -S -o $$@.s $$< && \
		sed -n 's/^[[:space:]]*%define/%define/p' $$@.s > $$@
# Linked twice: the second time with the table of its own symbols, for panics.
build/obj/$(1)/zenta: $$(kobj-$(1)) sys/x86/amd64/kernel.ld mk/ksyms mk/link
	$$(call say,LINK)
	$$(Q)CLANG='$$(CLANG)' NM='$$(NM)' LLD='$$(LLD) $$(KLINK)' mk/link $$@ $$(kobj-$(1))
build/obj/$(1)/zenta.stripped: build/obj/$(1)/zenta
	$$(Q)$$(LLVM_STRIP) -o $$@ $$<
-include $$(kobj-$(1):.o=.d) build/obj/$(1)/gen/assym.inc.d
endef
$(foreach k,$(KINDS),$(eval $(call kernel_rules,$(k))))

.PHONY: kernel kernel-release kernel-debug
kernel: $(KINDS:%=kernel-%)
$(KINDS:%=kernel-%): kernel-%: build/obj/%/zenta

# --- checks on the sources ------------------------------------------------------------------------
KSOURCES := $(wildcard sys/*/*.c sys/*/*/*.c sys/*/*.asm sys/*/*/*.asm)
KHEADERS := $(wildcard sys/*/*.h sys/*/*/*.h)
ABIHEADERS := $(wildcard include/abi/*.h)
UNLISTED := $(filter-out $(LISTED) %/assym.c,$(KSOURCES))
KCHECK := $(CLANG) $(KBASE) -include build/obj/debug/gen/config.h -fsyntax-only -MMD -MP -MT $$@ -MF $$@.d

.PHONY: check-build check-listed
check-build: check-listed build/check/includes build/check/man build/check/tests build/check/stubs_ia32.o $(KHEADERS:%=build/check/%.ok) $(ABIHEADERS:%=build/check/%.ok) \
	$(PORTABLE-debug:%=build/check/i386/%.ok) $(GENSOURCES:%=build/check/i386/%.ok)
check-listed:
	$(if $(UNLISTED),@echo 'conf/files: not listed: $(UNLISTED)' >&2; exit 1,@:)
# Layers: no include points upwards, no files include one another in a circle.
build/check/includes: mk/checkinc $(KSOURCES) $(KHEADERS)
	$(call say,CHECK,includes)
	$(Q)mkdir -p $(@D) && $(PYTHON) mk/checkinc && touch $@
# Every native call has a manual page, and the pages say nothing that the table does not.
build/check/man: mk/genman conf/syscalls include/abi/mxstatus.h $(wildcard include/mx/*.h usr/share/man/calls/* usr/share/man/man*/*)
	$(call say,CHECK,manual)
	$(Q)rm -rf $@ && mk/genman $@
# Every error of a native call has a point in a guest test.
build/check/tests: mk/checktests conf/syscalls $(wildcard test/guest/*.c)
	$(call say,CHECK,tests)
	$(Q)mkdir -p $(@D) && mk/checktests && touch $@
# Each header compiles alone; those of include/abi on both widths and as strict C11.
$(KHEADERS:%=build/check/%.ok): build/check/%.ok: % build/gen/stamp build/obj/debug/gen/config.h
	$(call say,CHECK,$<)
	$(Q)mkdir -p $(@D) && $(subst $$@,$@,$(KCHECK)) $(KAMD64) -include $< -x c /dev/null && touch $@
$(ABIHEADERS:%=build/check/%.ok): build/check/%.ok: %
	$(call say,CHECK,$<)
	$(Q)mkdir -p $(@D) && for t in x86_64 i386; do $(CLANG) --target=$$t-zenta -std=c11 -ffreestanding -nostdlibinc \
		-Iinclude -Wall -Wextra -Werror -fsyntax-only -include $< \
		-MMD -MP -MT $@ -MF $@.d -x c /dev/null || exit 1; done && touch $@
# The other width's call stubs assemble.
build/check/stubs_ia32.o: build/gen/stamp
	$(call say,CHECK,build/gen/stubs_ia32.asm)
	$(Q)mkdir -p $(@D) && $(NASM) -f elf32 -o $@ build/gen/stubs_ia32.asm
# The portable part compiles for i386.
build/check/i386/%.ok: % build/gen/stamp build/obj/debug/gen/config.h
	$(call say,I386,$<)
	$(Q)mkdir -p $(@D) && $(subst $$@,$@,$(KCHECK)) $(KI386) $< && touch $@
-include $(KHEADERS:%=build/check/%.ok.d) $(ABIHEADERS:%=build/check/%.ok.d) \
	$(PORTABLE-debug:%=build/check/i386/%.ok.d) $(GENSOURCES:%=build/check/i386/%.ok.d)

compile_commands.json: mk/compdb build/obj/release/gen/sources.mk
	$(call say,GEN)
	$(Q)$(PYTHON) mk/compdb '$(CLANG) $(kflags-release)' $(filter %.c,$(SOURCES-release)) > $@
