/* SPDX-License-Identifier: Apache-2.0 */
/* of_where: see of_where.h. */
#include "restore/of_where.h"

#include "restore/of_thread.h"

#define TEXT_MAX 1024 /* of a MIME type, of when a picture was taken */

int
of_where_init(struct of_where *out, struct box *box, const char *expression, struct err *err)
{
	return meant_new(&out->meant, box, NULL, span_str(expression), err) < 0
		       ? err_wrap(err, "--where")
		       : 0;
}

void
of_where_clear(struct of_where *w)
{
	meant_free(w->meant);
	*w = (struct of_where){ 0 };
}

/* 1; 0; OF_UNREADABLE; -1. */
static int
is_meant(void *ctx, struct fetch *f, const struct record *r, struct err *err)
{
	struct of_where *w = ctx;
	AUTO(buf_clear) struct buf bytes = BUF_INIT(ITEM_BYTES_MAX);
	AUTO(buf_clear) struct buf type = BUF_INIT(TEXT_MAX);
	AUTO(buf_clear) struct buf taken = BUF_INIT(TEXT_MAX);
	const struct form *form = form_of_type(r->mime);
	struct where_item item = {
		.name = r->name,
		.path = record_path(r),
		.size = r->size_bytes,
		.modified_unix_ms = r->has_modified ? (int64_t)r->modified_unix_ms : 0,
	};
	int rc = 1;

	if (buf_append(&type, r->mime, err) < 0 || buf_append(&taken, r->taken, err) < 0)
		return -1;
	item.type = buf_str(&type);
	item.taken = taken.n ? buf_str(&taken) : NULL;
	if (form && meant_reads(w->meant, form))
		rc = of_bytes(&bytes, f, r, err);
	return rc == 1 ? meant_bytes(w->meant, &item, form, buf_span(&bytes), err) : rc;
}

int
of_where_keep(struct of_where *w, struct fetch *f, struct opened *items, size_t *n, struct err *err)
{
	return of_keep(&w->kept, f, items, n, is_meant, w, err);
}
