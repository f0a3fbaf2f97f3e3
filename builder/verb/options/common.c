#include "verb/options/options.h"

const struct option common_options[] = {
	{"cache", "FOLDER", "folder of the cache ($AETHER_CACHE)", OPTION_TEXT, offsetof(struct common_options, cache),
	 NULL},
	{"json", NULL, "print results and progress as JSON", OPTION_FLAG, offsetof(struct common_options, json), NULL},
	{"quiet", NULL, "print only warnings and errors", OPTION_FLAG, offsetof(struct common_options, quiet), NULL},
	{"help", NULL, "show this help", OPTION_FLAG, offsetof(struct common_options, help), NULL},
	{0},
};
