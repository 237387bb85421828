# The ISO, for BIOS and UEFI, and how QEMU is started.

QEMU_CPU := -cpu qemu64,+smep,+smap,+umip,+fsgsbase,+rdrand

GRUBMODULES := multiboot2 normal iso9660 part_msdos part_gpt configfile serial terminal all_video gfxterm \
	test search search_fs_file lsmmap

define iso_rules
build/zenta-x86_64$(2).iso: build/obj/$(1)/zenta.stripped build/images/base.img build/images/root.img mk/grub.cfg
	$$(call say,ISO)
	$$(Q)rm -rf build/iso/$(1) && mkdir -p build/iso/$(1)/boot/grub && cd build/iso/$(1)/boot && \
		cp ../../../../mk/grub.cfg grub/grub.cfg && cp ../../../obj/$(1)/zenta.stripped zenta && \
		cp ../../../images/base.img base && cp ../../../images/root.img root && grub-file --is-x86-multiboot2 zenta
	$$(Q)grub-mkrescue -o $$@ build/iso/$(1) --compress=xz --install-modules='$$(GRUBMODULES)' --fonts= --locales= \
		--themes= >build/iso/$(1).log 2>&1 || { cat build/iso/$(1).log >&2; exit 1; }
endef
$(eval $(call iso_rules,release,))
$(eval $(call iso_rules,debug,-debug))

.PHONY: iso-release iso-debug
iso-release: build/zenta-x86_64.iso
iso-debug: build/zenta-x86_64-debug.iso
