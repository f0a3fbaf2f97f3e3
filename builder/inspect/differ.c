#include "inspect/told.h"
int differ_tell(struct inspect_view *view, struct inspect_view *other, const struct inspect_request *request, struct err *err)
{
	(void)view;(void)other;(void)request;
	return err_set(err, -ENOTSUP, "not yet");
}
