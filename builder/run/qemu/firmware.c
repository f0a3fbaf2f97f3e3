#include "run/qemu/firmware.h"

#include <errno.h>

#include "base/file.h"

/* Without Secure Boot: no key in the firmware has signed our images. */
static const struct firmware known[] = {
	{"/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"},                 /* Debian, Ubuntu */
	{"/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"},                       /* older ones */
	{"/usr/share/edk2/ovmf/OVMF_CODE_4M.fd", "/usr/share/edk2/ovmf/OVMF_VARS_4M.fd"},
	{"/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"},             /* Fedora */
	{"/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd"},         /* Arch */
	{"/usr/share/edk2-ovmf/x64/OVMF_CODE.fd", "/usr/share/edk2-ovmf/x64/OVMF_VARS.fd"},
	{"/usr/share/qemu/ovmf-x86_64-4m-code.bin", "/usr/share/qemu/ovmf-x86_64-4m-vars.bin"}, /* openSUSE */
};

int firmware_find(const struct firmware **ret_firmware, struct err *err)
{
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (path_exists(known[i].code) && path_exists(known[i].variables)) {
			*ret_firmware = &known[i];
			return 0;
		}
	err_set(err, -ENOENT, "no UEFI firmware for virtual machines found on this host");
	return err_hint(err, "install it: the package 'ovmf' on Debian, 'edk2-ovmf' on Fedora and Arch");
}
