/* What stands on the EFI system partition, for both loaders. docs/formats.md tells the whole of it. */
#ifndef CONTRACT_ESP_H
#define CONTRACT_ESP_H

/* systemd-boot: NAME-SEQUENCE-SLOT[+LEFT[-DONE]].efi */
#define ESP_UKI_FOLDER "/EFI/Linux"

/* The files of a slot are in this folder and its letter: /aether/a. */
#define ESP_SLOT_FOLDER "/aether"
#define ESP_LINUX "linux"
#define ESP_INITRD "initrd"
#define ESP_SUMS "sums"              /* digests of both, as sha256sum(1) writes them */
#define ESP_GRUB_ENTRY "grub.cfg"
#define ESP_IMAGE "image"            /* lines KEY=VALUE: */
#define ESP_IMAGE_ROOT "root"        /* the root hash */
#define ESP_IMAGE_GENERATION "generation"
#define ESP_FAILURE "failure"        /* why it is bad */

/* GRUB's environment block: which slot starts; which one starts instead, and how often yet. */
#define ESP_GRUB_FOLDER "/grub"
#define ESP_GRUBENV ESP_GRUB_FOLDER "/grubenv"
#define GRUBENV_GOOD "aether_good"
#define GRUBENV_TRIAL "aether_trial"
#define GRUBENV_TRIES "aether_tries"
enum { GRUBENV_BYTES = 1024 };

enum { SLOT_TRIES = 3 };             /* of a new generation, before the other slot starts again */

#endif
