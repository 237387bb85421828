# The SDK: wrapper, newlib, what lib/ adds to it.  `make sdk' leaves build/sdk.

SDK := build/sdk
SDKLIB := $(SDK)/x86_64/lib
SDKINC := $(SDK)/x86_64/include
SDKOBJ := build/obj/sdk
SDKCC := $(SDK)/bin/x86_64-zenta-cc
SDKFLAGS := -std=gnu17 -O2 -g0 -fPIE -ffunction-sections -fdata-sections -D_GNU_SOURCE -Ibuild \
	-Wall -Wextra -Werror -Wno-unused-parameter -Wno-unknown-pragmas -fno-builtin

LIBC_C := $(filter-out lib/posix/dl.c,$(wildcard lib/posix/*.c))
LIBC_O := $(LIBC_C:lib/posix/%.c=$(SDKOBJ)/posix/%.o) $(SDKOBJ)/posix/amd64.o $(SDKOBJ)/posix/stubs.o
LIBC_H := $(wildcard lib/posix/*.h)
MX_O := $(patsubst lib/mx/%.c,$(SDKOBJ)/mx/%.o,$(wildcard lib/mx/*.c))
# newlib is built anew only for those that it reaches (mk/abiheaders); the others are copied.
SDKHEADERS := $(shell find lib/posix/include lib/newlib/include include -name '*.h' 2>/dev/null)

.PHONY: sdk
sdk: $(SDK)/stamp

$(SDKOBJ)/tools.stamp: mk/sdktools lib/sdk/cc.sh lib/sdk/link.sh lib/sdk/pkg-config.sh lib/sdk/mx.pc
	$(call say,SDK,wrapper)
	$(Q)mkdir -p $(@D) && mk/sdktools $(SDK) && touch $@

$(SDKOBJ)/newlib.stamp: mk/newlib mk/zircon lib/sdk/cc.sh $(wildcard lib/newlib/patches/*) $(SDKHEADERS) | $(SDKOBJ)/tools.stamp
	$(call say,NEWLIB)
	$(Q)mkdir -p $(@D) && mk/newlib $(SDK)
	$(Q)touch $@

$(SDKOBJ)/musl.stamp: mk/musl lib/musl/files $(wildcard lib/musl/include/*) $(SDKOBJ)/newlib.stamp
	$(call say,MUSL,long double maths and more)
	$(Q)mk/musl $(SDK) $(SDKOBJ)/musl && touch $@

$(SDKOBJ)/posix/%.o: lib/posix/%.c $(LIBC_H) $(SDKOBJ)/newlib.stamp build/gen/stamp mk/sdk.mk
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(SDKCC) $(SDKFLAGS) -c $< -o $@

$(SDKOBJ)/posix/amd64.o: lib/posix/amd64.asm mk/sdk.mk
	$(call say,ASM,$<)
	$(Q)mkdir -p $(@D) && $(NASM) -f elf64 $< -o $@

# The calls that libc makes are in libc.a, the others in libsys.a.
STUBUSERS := $(LIBC_C) lib/posix/dl.c $(LIBC_H) $(wildcard lib/crt/*.c)
$(SDKOBJ)/posix/stubs.o $(SDKOBJ)/sys/stubs.o: $(SDKOBJ)/%/stubs.o: build/gen/stamp mk/sdkstubs $(STUBUSERS)
	$(call say,ASM,stubs)
	$(Q)mkdir -p $(@D) && mk/sdkstubs $(if $(filter posix,$*),libc,rest) build/gen/stubs_amd64.asm $(STUBUSERS) \
		>$(@D)/stubs.asm && $(NASM) -f elf64 $(@D)/stubs.asm -o $@

$(SDKLIB)/libsys.a: $(SDKOBJ)/sys/stubs.o
	$(Q)rm -f $@ && llvm-ar-14 rc $@ $<

$(SDKLIB)/%.o: lib/crt/%.c $(SDKOBJ)/newlib.stamp mk/sdk.mk
	$(call say,CC,$<)
	$(Q)$(SDKCC) $(SDKFLAGS) -c $< -o $@

$(SDKLIB)/libc.a: $(LIBC_O) $(SDKOBJ)/musl.stamp mk/sdkmerge
	$(call say,AR)
	$(Q)mk/sdkmerge $@ $(SDKLIB)/newlib/libc.a $(LIBC_O) $$(sed 's/.* //' $(SDKOBJ)/musl/list | \
		while read o; do grep -q "^[^ ]*/math/[^ ]* $$o$$\|/lgammal.c $$o$$" $(SDKOBJ)/musl/list || echo $$o; done)

$(SDKLIB)/libm.a: $(SDKOBJ)/musl.stamp mk/sdkmerge
	$(call say,AR)
	$(Q)mk/sdkmerge $@ $(SDKLIB)/newlib/libm.a $$(grep '/math/\|/lgammal.c' $(SDKOBJ)/musl/list | sed 's/.* //')

# Programs name these libraries; what is in them is in libc.
SDKEMPTY := $(foreach l,pthread rt util crypt resolv,$(SDKLIB)/lib$(l).a)
$(SDKEMPTY): $(SDKOBJ)/tools.stamp
	$(Q)rm -f $@ && llvm-ar-14 rc $@

$(SDKLIB)/libzero.a: $(patsubst lib/zero/%.c,$(SDKOBJ)/zero/%.o,$(wildcard lib/zero/*.c))
	$(Q)rm -f $@ && llvm-ar-14 rc $@ $^

$(SDKLIB)/libmx.a: $(MX_O)
	$(Q)rm -f $@ && llvm-ar-14 rc $@ $^

$(SDKOBJ)/mx/%.o: lib/mx/%.c $(SDKOBJ)/newlib.stamp build/gen/stamp mk/sdk.mk
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(SDKCC) $(SDKFLAGS) -c $< -o $@

$(SDKOBJ)/zero/%.o: lib/zero/%.c $(SDKOBJ)/newlib.stamp build/gen/stamp mk/sdk.mk
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(SDKCC) $(SDKFLAGS) -c $< -o $@

$(SDKLIB)/libdl.a: $(SDKOBJ)/posix/dl.o
	$(Q)rm -f $@ && llvm-ar-14 rc $@ $<

$(SDKLIB)/libbuiltins.a: $(SDKOBJ)/tools.stamp
	$(Q)cp $$($(CLANG) -print-resource-dir)/lib/linux/libclang_rt.builtins-x86_64.a $@

$(SDK)/stamp: $(SDKOBJ)/tools.stamp $(SDKLIB)/crt0.o $(SDKLIB)/rcrt1.o $(SDKLIB)/libc.a $(SDKLIB)/libm.a \
		$(SDKLIB)/libdl.a $(SDKLIB)/libmx.a $(SDKLIB)/libzero.a $(SDKLIB)/libsys.a $(SDKLIB)/libbuiltins.a $(SDKEMPTY)
	$(Q)ln -sf libc.a $(SDKLIB)/libg.a && touch $@
