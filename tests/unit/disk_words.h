/* What a recipe says of disks, written as the parser gives it. */
#ifndef UNIT_DISK_WORDS_H
#define UNIT_DISK_WORDS_H

#include "recipe/disks.h"

#define WORDS(...) {(const char *[]){__VA_ARGS__}, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)}
#define FS(format_, ...) {.type = CONTENT_FILESYSTEM, .format = format_, __VA_ARGS__}
#define AT(path) .mountpoint = path
#define PV(group) {.type = CONTENT_LVM_PV, .name = group}
#define MEMBER(array) {.type = CONTENT_MDRAID, .name = array}
#define LUKS(name_, inner_, ...)                                                                                               \
	{.type = CONTENT_LUKS, .name = name_, .luks = {__VA_ARGS__}, .inner = &(struct recipe_content)inner_}
#define SWAP(priority_, ...) {.type = CONTENT_SWAP, .priority = priority_, __VA_ARGS__}
#define BTRFS(...)                                                                                                             \
	{.type = CONTENT_BTRFS, .subvolumes = (struct recipe_subvolume[]){__VA_ARGS__},                                        \
	 .n_subvolumes = sizeof((struct recipe_subvolume[]){__VA_ARGS__}) / sizeof(struct recipe_subvolume)}
#define PART(name_, content_, ...) {.name = name_, .label = name_, .type = "8300", .content = content_, __VA_ARGS__}
#define GPT(...)                                                                                                               \
	{.type = CONTENT_GPT, .partitions = (struct recipe_partition[]){__VA_ARGS__},                                          \
	 .n_partitions = sizeof((struct recipe_partition[]){__VA_ARGS__}) / sizeof(struct recipe_partition)}
#define SYSTEM(...) {"main", "system", NULL, .content = GPT(__VA_ARGS__)}
#define BARE SYSTEM(PART("a", NOTHING))
#define LV(name_, type_, content_, ...) {.name = name_, .type = type_, .content = content_, __VA_ARGS__}
#define LVS(...)                                                                                                               \
	.lvs = (struct recipe_lv[]){__VA_ARGS__}, .n_lvs = sizeof((struct recipe_lv[]){__VA_ARGS__}) / sizeof(struct recipe_lv)
#define NOTHING {.type = CONTENT_NONE}

#endif
