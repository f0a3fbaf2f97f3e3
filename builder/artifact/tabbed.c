#include "artifact/tabbed.h"

#include <string.h>

#include "contract/image.h"

void tabbed_put(struct buf *text, const char *field)
{
	static const char special[] = FIELD_SPECIAL;

	for (; *field; field++) {
		const char *at = strchr(special, *field);

		if (at)
			buf_printf(text, "\\%c", FIELD_ESCAPES[at - special]);
		else
			buf_add_u8(text, (uint8_t)*field);
	}
}
