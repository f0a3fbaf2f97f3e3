/* Kernel modules of the initrd. */
#ifndef MACHINE_INIT_MODULES_H
#define MACHINE_INIT_MODULES_H

/* Loads every kernel module in `folder`, in the order of their names, and deletes the files: the initrd is memory. */
void modules_load(const char *folder);

#endif
