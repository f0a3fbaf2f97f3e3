#include "verb/options/options.h"

const struct option common_options[] = {
	{"cache", "FOLDER", "use this cache ($AETHER_CACHE)", OPTION_TEXT, offsetof(struct common_options, cache), NULL},
	{"json", NULL, "results and progress as JSON", OPTION_FLAG, offsetof(struct common_options, json), NULL},
	{"quiet", NULL, "warnings and errors only", OPTION_FLAG, offsetof(struct common_options, quiet), NULL},
	{"help", NULL, "this help", OPTION_FLAG, offsetof(struct common_options, help), NULL},
	{0},
};
