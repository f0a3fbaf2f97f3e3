/* A recipe, its tools, their lock, and the plan made of them. */
#ifndef BUILD_PROJECT_H
#define BUILD_PROJECT_H

#include "plan/plan.h"

/* How a recipe is read; zeros: as usual. */
struct project_options {
	bool allow_outside;          /* own files may lie outside the repository */
	bool strict;                 /* warnings are errors */
	bool verbose;                /* all output of hooks is shown */
	const char *fakes;           /* folder of what stands in (lock/fakes.h), or NULL */
	const char *kind;            /* "vm", "lxc", "tools"; NULL: the recipe's first one */
};

struct project {
	struct arena *arena;         /* all that follows lives in it */
	struct recipe *recipe, *tools; /* `tools` is NULL when the recipe names none */
	struct lock *lock;
	struct plan *plan;
	const char *fakes;	       /* folder of the fakes (--with-fakes), or NULL */
	struct plan_programs programs; /* our programs that are put into the image */
};

/* Reads the recipe at `path` and the tools recipe that it names. `kind` of enum recipe_kind, 0: options->kind. */
int project_load(const char *path, unsigned kind, const struct project_options *options, struct project *project,
		 struct err *err);

/* Goes on to the lock and the plan; tells the warnings of both. */
int project_plan(struct project *project, struct err *err);

/* lock_how.check of a struct project: whether a plan can be made with the lock, which is not written yet. */
int project_check_lock(void *project, const struct lock *lock, struct err *err);

/* The name of the folder below `out` that has the generations of this kind; in the project's arena. */
const char *project_shelf(const struct project *project);

/* Frees all of it; a zeroed one is fine. */
void project_close(struct project *project);

#define _cleanup_project_ __attribute__((cleanup(project_close)))

#endif
