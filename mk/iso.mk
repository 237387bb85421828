# The ISO, for BIOS and UEFI, and how QEMU is started.

QEMU_CPU := -cpu qemu64,+smep,+smap,+umip,+fsgsbase,+rdrand

GRUBMODULES := multiboot2 normal iso9660 part_msdos part_gpt configfile serial terminal all_video gfxterm \
	test search search_fs_file lsmmap

build/zenta-x86_64.iso: build/obj/release/zenta.stripped build/images/base.img build/images/root.img mk/grub.cfg
	$(call say,ISO)
	$(Q)rm -rf build/iso && mkdir -p build/iso/boot/grub && cp mk/grub.cfg build/iso/boot/grub/grub.cfg && \
		cp build/obj/release/zenta.stripped build/iso/boot/zenta && \
		cp build/images/base.img build/iso/boot/base && cp build/images/root.img build/iso/boot/root && \
		grub-file --is-x86-multiboot2 build/iso/boot/zenta && \
		grub-mkrescue -o $@ build/iso --compress=xz --install-modules='$(GRUBMODULES)' --fonts= --locales= \
		--themes= >build/iso/log 2>&1 || { cat build/iso/log >&2; exit 1; }
