/* SPDX-License-Identifier: Apache-2.0 */
/* inherit: see inherit.h. */
#include "restore/inherit.h"

#include <stdlib.h>

#include "box/saved.h"

#define LEARNED_MAX  512 /* pairs of ids that are written in one transaction */
#define REPLACED_MAX 8   /* identity_replaced() */

struct pair {
	struct hash32 here;       /* the chunk's id by this device's key */
	struct chunk_entry there; /* the old one */
};

struct inherit {
	struct box *box;
	const struct identity *me;
	struct identity_device replaced[REPLACED_MAX];
	size_t n_replaced;
	struct pair learned[LEARNED_MAX];
	size_t n;
	struct err why; /* code set: the first failure; nothing more is learned */
};

static bool
was_replaced(const struct inherit *in, const struct id16 *device)
{
	for (size_t i = 0; i < in->n_replaced; i++)
		if (memcmp(in->replaced[i].device, device->b, sizeof device->b) == 0)
			return true;
	return false;
}

static int
write_pairs(struct inherit *in, struct err *err)
{
	for (size_t i = 0; i < in->n; i++) {
		AUTO(buf_clear) struct buf entry = BUF_INIT(ENTRY_BYTES_MAX);
		struct chunk_entries one = { &in->learned[i].there, 1, 1 };

		if (chunk_entries_encode(&entry, &one, err) < 0 ||
		    saved_inherit(in->box, in->learned[i].here.b, buf_span(&entry), err) < 0)
			return -1;
	}
	return 0;
}

static int
flush(struct inherit *in, struct err *err)
{
	if (in->n == 0)
		return 0;
	if (box_begin(in->box, err) < 0)
		return -1;
	if (write_pairs(in, err) < 0) {
		box_rollback(in->box);
		return -1;
	}
	in->n = 0;
	return box_commit(in->box, err);
}

static void
learn(void *ctx, const struct id16 *owner, const struct chunk_entry *entry, struct span plain)
{
	struct inherit *in = ctx;
	struct pair *p = &in->learned[in->n];

	if (in->why.code || !was_replaced(in, owner))
		return;
	p->there = *entry;
	p->there.foreign = true;
	p->there.device = *owner;
	if (keys_chunk_id(p->here.b, in->me->ids, (uint8_t)entry->class, plain, &in->why) < 0)
		return;
	if (++in->n == LEARNED_MAX)
		flush(in, &in->why);
}

int
inherit_new(struct inherit **out, struct box *b, struct opener *o, const struct id16 *device,
	    struct err *err)
{
	AUTO(inherit_free) struct inherit *in = calloc(1, sizeof *in);

	*out = NULL;
	if (!in)
		return err_nomem(err);
	in->box = b;
	if (box_identity_need(&in->me, b, err) < 0 ||
	    identity_replaced(in->replaced, &in->n_replaced, b, err) < 0)
		return -1;
	if (!was_replaced(in, device))
		return 0;
	opener_watch(o, &(struct opener_watch){ in, learn });

	*out = TAKE(in);
	return 0;
}

void
inherit_free(struct inherit *in)
{
	free(in);
}

int
inherit_finish(struct inherit *in, struct err *err)
{
	if (!in)
		return 0;
	if (in->why.code) {
		if (err)
			*err = in->why;
		return -1;
	}
	return flush(in, err);
}
