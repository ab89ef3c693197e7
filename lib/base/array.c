/* SPDX-License-Identifier: Apache-2.0 */
/* array: see array.h. */
#include "base/array.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define LARGE_BYTES ((size_t)1 << 20) /* from here on the kernel moves pages, and copies nothing */

int
array_reserve(void **items, size_t *cap, size_t need, size_t item_bytes, size_t max,
	      struct err *err)
{
	if (need > max)
		return err_set(err, ERR_LIMIT, "more than %zu entries", max);
	if (need <= *cap)
		return 0;
	bool is_large = *cap > LARGE_BYTES / item_bytes;
	size_t want = *cap + (is_large ? *cap / 8 : *cap / 2) + 8;
	if (want < need)
		want = need;
	if (want > max)
		want = max;
	char *p = reallocarray(*items, want, item_bytes);
	if (!p)
		return err_nomem(err);
	memset(p + *cap * item_bytes, 0, (want - *cap) * item_bytes);
	*items = p;
	*cap = want;
	return 0;
}
