/* SPDX-License-Identifier: Apache-2.0 */
/* prepared: see prepared.h. */
#include "backup/prepared.h"

#include <stdlib.h>

#include "base/array.h"

#define HELD_MAX       4096 /* lists of one item: 65,536 refs need 129 */
#define NATIVE_ID_MAX  4096
#define REFS_BYTES_MAX (CRYPTO_HASH_BYTES * RECORD_REFS_MAX)

int
prepared_new(struct prepared **out, struct err *err)
{
	struct prepared *p = calloc(1, sizeof *p);

	if (!p)
		return err_nomem(err);
	p->native_id = (struct buf)BUF_INIT(NATIVE_ID_MAX);
	p->plain = (struct buf)BUF_INIT(RECORD_PLAIN_BYTES_MAX);
	p->refs = (struct buf)BUF_INIT(REFS_BYTES_MAX);
	p->entries_bytes = (struct buf)BUF_INIT(ENTRY_BYTES_MAX * RECORD_REFS_MAX);
	*out = p;
	return 0;
}

void
prepared_free(struct prepared *p)
{
	if (!p)
		return;
	free(p->app);
	free(p->shown_id);
	free(p->name);
	free(p->source);
	free(p->reason);
	buf_clear(&p->native_id);
	buf_clear(&p->plain);
	buf_clear(&p->refs);
	buf_clear(&p->entries_bytes);
	chunk_entries_clear(&p->entries);
	chunk_entries_clear(&p->known);
	for (size_t i = 0; i < p->n_held; i++)
		buf_clear(&p->held[i].plain);
	free(p->held);
	free(p);
}

int
prepared_fail(struct prepared *p, const struct err *why, struct err *err)
{
	if (p->failed)
		return 0;
	p->failed = true;
	p->reason = strdup(why->msg);
	return p->reason ? 0 : err_nomem(err);
}

int
prepared_hold(struct prepared *p, const struct hash32 *cid, enum chunk_class class,
	      struct span plain, struct err *err)
{
	struct prepared_chunk *c;

	if (array_reserve((void **)&p->held, &p->cap_held, p->n_held + 1, sizeof *p->held, HELD_MAX,
			  err) < 0)
		return -1;
	c = &p->held[p->n_held];
	*c = (struct prepared_chunk){ .cid = *cid,
				      .class = class,
				      .plain = BUF_INIT(CHUNK_PLAIN_BYTES_MAX) };
	p->n_held++;
	return buf_append(&c->plain, plain, err);
}

static int
by_cid(const void *a, const void *b)
{
	const struct chunk_entry *x = a, *y = b;

	return hash32_compare(&x->cid, &y->cid);
}

void
prepared_sort_known(struct prepared *p)
{
	if (p->known.n > 1)
		qsort(p->known.e, p->known.n, sizeof *p->known.e, by_cid);
}

bool
prepared_knows(const struct prepared *p, const struct hash32 *cid)
{
	struct chunk_entry key = { .cid = *cid };

	return p->known.n > 0 && bsearch(&key, p->known.e, p->known.n, sizeof key, by_cid) != NULL;
}

bool
prepared_has(const struct prepared *p, const struct chunk_entry *e)
{
	return e->foreign || prepared_knows(p, &e->cid);
}

size_t
prepared_frame_bytes(const struct prepared *p)
{
	return RECORD_FRAME_BYTES_MIN + p->refs.n + p->plain.n + CRYPTO_TAG_BYTES;
}
