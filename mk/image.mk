# Our own programs and the root images: build/images/base.img and root.img.

HOSTCC ?= cc
IMAGES := base root
PROGRAMS := $(patsubst %.c,build/%,$(wildcard usr/bin/*.c usr/sbin/*.c))
USERCC = build/sdk/bin/$(ARCH)-zenta-cc
USERFLAGS := -std=gnu17 -Os -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -Wall -Wextra \
	-Werror -Wno-unused-parameter -Wl,--gc-sections
# None of them prints floating point: newlib's integer forms of printf and scanf are half as large.
USERFLAGS += $(foreach f,printf fprintf vfprintf,-D$(f)=$(subst printf,iprintf,$(f))) -Dsnprintf=sniprintf \
	-Dvsnprintf=vsniprintf -Dasprintf=asiprintf -Dsscanf=siscanf -Dfscanf=fiscanf
EPOCH = $${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct 2>/dev/null || echo 0)}

.PHONY: images
images: $(IMAGES:%=build/images/%.img)

$(PROGRAMS): build/%: %.c build/sdk/stamp
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(USERCC) $(USERFLAGS) -Ibuild/gen -o $@.tmp $< -lmx && $(USERCC:-cc=-strip) $@.tmp && mv $@.tmp $@

build/host/mkimage: mk/mkimage.c include/abi/image.h
	$(call say,HOSTCC,$<)
	$(Q)mkdir -p $(@D) && $(HOSTCC) -std=gnu17 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -o $@ $<

$(IMAGES:%=build/images/%.img): build/images/%.img: build/host/mkimage mk/stage mk/image.manifest $(PROGRAMS) \
		build/ports/stamp build/sdk/stamp mk/genman conf/syscalls \
		$(wildcard etc/* include/mx/* usr/share/man/*/* usr/examples/*)
	$(call say,IMAGE,$*)
	$(Q)mkdir -p $(@D) && d=$(@D)/$*.$$$$ && trap "rm -rf $$d $$d.img" EXIT && mk/stage $* $$d && \
		build/host/mkimage -n $* -t $(EPOCH) -m mk/image.manifest -o $$d.img $$d && \
		{ test $* != base || test $$(stat -c %s $$d.img) -le 4194304 || \
		{ echo 'base.img is larger than 4 MiB' >&2; false; }; } && mv $$d.img $@
