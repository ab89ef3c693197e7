/* SPDX-License-Identifier: Apache-2.0 */
/* by_name: see by_name.h. */
#include "box/by_name.h"

#define ROW_BYTES_MAX (1u << 20) /* a row of the database, its blobs apart */

int
by_name_init(struct by_name *out, const struct box *b, struct err *err)
{
	*out = (struct by_name){ .key = BUF_INIT(ROW_BYTES_MAX), .row = BUF_INIT(ROW_BYTES_MAX) };
	return sorter_new(&out->sorter, b->home_fd, err);
}

void
by_name_clear(struct by_name *l)
{
	sorter_free(l->sorter);
	l->sorter = NULL;
	buf_clear(&l->key);
	buf_clear(&l->row);
}

int
by_name_add(struct by_name *l, struct span name, struct span native_id, struct err *err)
{
	buf_reset(&l->key);
	if (buf_append(&l->key, name, err) < 0 || buf_append_byte(&l->key, 0, err) < 0 ||
	    buf_append(&l->key, native_id, err) < 0 ||
	    sorter_add(l->sorter, buf_span(&l->key), buf_span(&l->row), err) < 0)
		return -1;
	buf_reset(&l->row);
	return 0;
}

int
by_name_sort(struct by_name *l, struct err *err)
{
	return sorter_sort(l->sorter, err);
}

int
by_name_next(struct span *row, struct by_name *l, struct err *err)
{
	struct span key;

	return sorter_next(&key, row, l->sorter, err);
}
