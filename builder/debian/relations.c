#include "debian/relations.h"

#include <string.h>

#include "debian/package.h"

const char *relations_next(const char **at, const char *end, size_t *ret_length)
{
	static const char opening[] = "([<", closing[] = ")]>";
	char until = 0; /* the bracket that ends what is no name: a version, architectures, profiles */

	for (; *at < end; ++*at) {
		char c = **at;
		const char *bracket = strchr(opening, c);

		if (until) {
			until = c == until ? 0 : until;
		} else if (c && bracket) {
			until = closing[bracket - opening];
		} else if (c == ':') {
			while (*at + 1 < end && (*at)[1] && strchr(DEBIAN_NAME, (*at)[1])) /* an architecture */
				++*at;
		} else if (c && strchr(DEBIAN_NAME, c)) {
			const char *name = *at;

			while (*at < end && **at && strchr(DEBIAN_NAME, **at))
				++*at;
			*ret_length = (size_t)(*at - name);
			return name;
		}
	}
	return NULL;
}
