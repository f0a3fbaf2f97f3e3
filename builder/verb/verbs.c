#include "verb/verb.h"

extern const struct verb verb_vm, verb_lxc, verb_lock, verb_plan, verb_why, verb_run, verb_test, verb_list, verb_show,
	verb_diff, verb_gc, verb_switch, verb_rollback, verb_status, verb_exec, verb_upload, verb_deploy, verb_guard, verb_tofu,
	verb_host, verb_secrets, verb_inspect,
	verb_cache, verb_schema, verb_completion;

const struct verb *const verbs[] = {
	&verb_vm,   &verb_lxc,	  &verb_lock,	&verb_plan,   &verb_why,    &verb_run,	&verb_test,   &verb_list,
	&verb_show, &verb_diff,	  &verb_inspect, &verb_gc,	&verb_switch, &verb_rollback, &verb_status, &verb_exec,
	&verb_upload,
	&verb_deploy, &verb_guard, &verb_tofu,	&verb_host, &verb_secrets, &verb_cache,  &verb_schema, &verb_completion, NULL,
};
