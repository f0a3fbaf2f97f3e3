/* A tree becomes this process's root, so that a program of it runs as if it was installed on this host. */
#ifndef TREE_ENTER_H
#define TREE_ENTER_H

#include "tree/tree.h"

/* From here on this process, and what it starts, has /usr, /etc and all else that `tree` brings from there, read-only; whatever
 * holds data or is the kernel's (/dev, /home, /run, /tmp, /var, and each folder that the tree does not have) is the host's, and
 * so are the files of /etc that say who and where somebody is (passwd, group, hosts, resolv.conf, localtime). The working
 * directory stays. The tree's scratch folder lives as long as a process does that was started from here. Call after
 * userns_enter(), and before any thread exists. 0 or a negative errno. */
int tree_enter(const struct tree *tree, struct err *err);

#endif
