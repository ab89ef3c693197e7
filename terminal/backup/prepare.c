/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prepare: from an item in its app to a packed record and the ids of its chunks.
 *
 * What goes wrong with the item itself (unreadable, too large, changing all the time) is its own
 * failure; the Box's and the memory's troubles end the run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/backup_internal.h"
#include "base/text.h"
#include "box/box_items.h"
#include "crypto/keys.h"

#define READ_TRIES        2 /* a file that changed while it was read is read once again */
#define PAYLOAD_BYTES_MAX (1u << 20)

/* What is known of the item before it is read. */
struct subject {
	struct run *r;
	struct app_session *session;
	struct inventory_found found;
	const char *type;            /* borrowed from the adapter or from `found` */
	char taken[APP_TAKEN_BYTES]; /* of a picture: when; "": not known */
	enum chunk_class class;
	bool saved_before;
	uint8_t saved_content[BOX_HASH_BYTES];
};

static void
subject_clear(struct subject *s)
{
	inventory_found_clear(&s->found);
}
AUTO_OBJ(subject_clear, struct subject);

static int
failed(struct err *why, struct err *err)
{
	if (why->code != ERR_NOMEM && why->code != ERR_CANCELLED)
		return PREPARE_FAILED;
	*err = *why;
	return -1;
}

/* The size that the chunk's object has; only what is compressed has to be sealed to know. */
static int
object_bytes(uint64_t *n, struct run *r, enum chunk_class class, const struct hash32 *cid,
	     struct span plain, struct err *err)
{
	struct span object;

	if (class == CHUNK_MEDIA || class == CHUNK_VALUE) {
		*n = OBJECT_OVERHEAD_BYTES + pad_size(plain.n);
		return 0;
	}
	if (object_seal(r->sealer, &object, &r->keys, class, cid, plain, err) < 0)
		return -1;
	*n = object.n;
	return 0;
}

/* Where a device that this one replaced has the same bytes, its chunk takes the place of *e. */
static int
inherit(struct chunk_entry *e, struct run *r, struct err *err)
{
	AUTO(buf_clear) struct buf bytes = BUF_INIT(ENTRY_BYTES_MAX);
	AUTO(chunk_entries_clear) struct chunk_entries old = { 0 };
	int rc = saved_inherited(&bytes, r->box, e->cid.b, err);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (chunk_entries_decode(&old, buf_span(&bytes), err) < 0)
		return -1;
	if (old.n == 1 && old.e[0].class == e->class)
		*e = old.e[0];
	return 0;
}

static int
add_chunk(struct prepared *p, struct run *r, enum chunk_class class, struct span plain,
	  struct err *err)
{
	struct chunk_entry e = { .class = class };
	uint64_t n;

	if (object_cid(&e.cid, &r->keys, class, plain, err) < 0 ||
	    object_bytes(&n, r, class, &e.cid, plain, err) < 0)
		return -1;
	if (!p->of_box && !prepared_knows(p, &e.cid) && inherit(&e, r, err) < 0)
		return -1;
	p->object_bytes += n;
	if (!prepared_has(p, &e))
		p->new_bytes += n;
	return chunk_entries_add(&p->entries, &e, err);
}

/* Makers of list chunks keep the plaintext: no cutter gives it again. */
struct list_put {
	struct prepared *p;
	struct run *r;
};

static int
put_list(void *ctx, struct span plain, struct hash32 *cid, struct err *err)
{
	struct list_put *l = ctx;
	uint64_t n;

	if (object_cid(cid, &l->r->keys, CHUNK_LIST, plain, err) < 0 ||
	    object_bytes(&n, l->r, CHUNK_LIST, cid, plain, err) < 0)
		return -1;
	l->p->object_bytes += n;
	l->p->new_bytes += n;
	return prepared_hold(l->p, cid, CHUNK_LIST, plain, err);
}

/* Refs, chunk entries or their lists, and the packed record. */
static int
pack(struct prepared *p, struct run *r, struct record *record, struct err *err)
{
	AUTO(chunk_entries_clear) struct chunk_entries top = { 0 };
	AUTO(buf_clear) struct buf lists = BUF_INIT(RECORD_FIELDS_BYTES_MAX);
	struct list_put put = { p, r };

	buf_reset(&p->plain);
	if (chunk_entries_encode(&p->entries_bytes, &p->entries, err) < 0)
		return -1;
	if (p->entries.n > RECORD_CHUNKS_INLINE) {
		if (chunk_lists_make(&top, &p->entries, put_list, &put, err) < 0 ||
		    chunk_entries_encode(&lists, &top, err) < 0)
			return -1;
		record->lists = buf_span(&lists);
	} else {
		record->chunks = buf_span(&p->entries_bytes);
	}
	if (chunk_entries_refs(&p->refs, &p->entries, &top, err) < 0)
		return -1;
	return record_pack(r->packer, &p->plain, record, false, err);
}

static int
copy_names(struct prepared *p, struct run *r, const char *app, struct span native_id,
	   struct span name, struct err *err)
{
	AUTO(buf_clear) struct buf id = BUF_INIT(64u << 10);

	if (item_show_id(&id, r->box, native_id, p->item.b, err) < 0 ||
	    buf_append(&p->native_id, native_id, err) < 0)
		return -1;
	p->app = strdup(app);
	p->shown_id = strdup(buf_str(&id));
	p->name = strndup(name.n ? (const char *)name.p : "", name.n);
	if (!p->app || !p->shown_id || !p->name)
		return err_nomem(err);
	keys_folder_id(p->folder.b, r->me->ids, span_str(app));
	return 0;
}

static struct record
record_of(const struct subject *s)
{
	const struct inventory_item *i = &s->found.item;

	return (struct record){
		.app = span_str(i->app),
		.native_id = i->native_id,
		.live = true,
		.name = i->name,
		.mime = span_str(s->type),
		.size_bytes = i->place.size,
		.path = span_str(i->place.source),
		.has_modified = i->modified_unix_ms > 0,
		.modified_unix_ms = (uint64_t)i->modified_unix_ms,
		.taken = span_str(s->taken),
	};
}

/* Read the item once.  0, PREPARE_SAME, CUTTER_MOVED, or -1 with *why. */
static int
read_once(struct prepared *p, struct subject *s, const struct todo *t, struct err *why)
{
	AUTO(cutter_free) struct cutter *c = NULL;
	AUTO(buf_clear) struct buf payload = BUF_INIT(PAYLOAD_BYTES_MAX);
	struct record record = record_of(s);
	struct content content;
	enum chunk_class class;
	struct span plain;
	int rc;

	content_init(&content, s->r->me->ids);
	rc = cutter_open(&c, s->session, &s->found.item.place, s->class, &content, why);
	if (rc)
		return rc;
	while ((rc = cutter_next(c, &class, &plain, why)) == 0) {
		if (run_cancelled(s->r))
			return err_set(why, ERR_CANCELLED, "stopped");
		if (add_chunk(p, s->r, class, plain, why) < 0)
			return -1;
		run_show(s->r, false);
	}
	if (rc != CHUNK_END)
		return rc;
	content_final(&content, p->content);
	if (s->saved_before && !t->anyhow &&
	    memcmp(p->content, s->saved_content, sizeof p->content) == 0)
		return PREPARE_SAME;
	p->size = record.size_bytes;
	p->chunk_class = cutter_class(c);
	if (cutter_payload(&payload, c, why) < 0)
		return -1;
	record.payload = buf_span(&payload);
	return pack(p, s->r, &record, why);
}

/* Look the item up, and what its reading needs.  0, PREPARE_FAILED, -1. */
static int
look_up(struct subject *s, struct prepared *p, const struct todo *t, struct err *why,
	struct err *err)
{
	AUTO(saved_found_clear) struct saved_found saved = SAVED_FOUND_INIT;
	int rc = inventory_get_id(&s->found, s->r->box, t->item.b, err);

	if (rc < 0)
		return -1;
	if (rc == BOX_ABSENT) {
		err_set(why, ERR_NOT_FOUND, "it is not in its app any more");
		return PREPARE_FAILED;
	}
	s->type = s->found.item.type;
	snprintf(s->taken, sizeof s->taken, "%s", s->found.item.taken ? s->found.item.taken : "");
	if (!s->type) {
		rc = s->session->adapter->type(&s->type, s->session, &s->found.item.place, why);
		if (rc == 0)
			rc = inventory_taken(s->taken, s->session, s->type, &s->found.item.place,
					     why);
		if (rc < 0)
			return failed(why, err);
		if (rc == APP_MOVED)
			s->type = "application/octet-stream"; /* reading it will tell */
	}
	s->class = chunk_class_of(span_str(s->type));
	chunk_entries_clear(&p->known);
	rc = saved_get(&saved, s->r->box, t->item.b, err);
	if (rc < 0)
		return -1;
	s->saved_before = rc == 0;
	if (!s->saved_before)
		return 0;
	memcpy(s->saved_content, saved.saved.content, sizeof s->saved_content);
	if (chunk_entries_decode(&p->known, saved.saved.chunks, err) < 0)
		return -1;
	if (saved.saved.chunk_class)
		s->class = saved.saved.chunk_class;
	prepared_sort_known(p);
	return 0;
}

static int
keep_place(struct prepared *p, const struct app_place *place, struct err *err)
{
	p->place = *place;
	p->source = strdup(place->source);
	if (!p->source)
		return err_nomem(err);
	p->place.source = p->source;
	return 0;
}

static void
forget_reading(struct prepared *p)
{
	chunk_entries_clear(&p->entries);
	buf_reset(&p->refs);
	buf_reset(&p->entries_bytes);
	for (size_t i = 0; i < p->n_held; i++)
		buf_clear(&p->held[i].plain);
	p->n_held = 0;
	p->object_bytes = p->new_bytes = 0;
}

int
prepare_item(struct prepared **out, struct run *r, const struct todo *t, struct err *why,
	     struct err *err)
{
	AUTO(prepared_free) struct prepared *p = NULL;
	AUTO(subject_clear)
	struct subject s = { .r = r,
			     .session = r->apps[t->app].session,
			     .found = INVENTORY_FOUND_INIT };
	const struct inventory_item *i = &s.found.item;
	int rc = CUTTER_MOVED;

	if (prepared_new(&p, err) < 0)
		return -1;
	p->item = t->item;
	p->run_app = t->app;
	for (int n = 0; n < READ_TRIES && rc == CUTTER_MOVED; n++) {
		if (n > 0 && inventory_refresh(NULL, r->box, s.session, NULL, NULL, err) < 0)
			return -1;
		rc = look_up(&s, p, t, why, err);
		if (rc)
			break;
		forget_reading(p);
		if (run_view(r, i->place.size, err) < 0)
			return -1;
		rc = read_once(p, &s, t, why);
		if (rc < 0)
			rc = failed(why, err);
	}
	if (rc < 0)
		return -1;
	if (!p->app && i->app && copy_names(p, r, i->app, i->native_id, i->name, err) < 0)
		return -1;
	if (rc == CUTTER_MOVED) {
		err_set(why, ERR_CONFLICT,
			"it changed while it was read; the next backup takes it");
		rc = PREPARE_FAILED;
	}
	if (rc != PREPARE_FAILED && keep_place(p, &i->place, err) < 0)
		return -1;

	*out = TAKE(p);
	return rc;
}

int
prepare_tombstone(struct prepared **out, struct run *r, const struct saved *saved, struct err *err)
{
	AUTO(prepared_free) struct prepared *p = NULL;
	struct record record = { .app = span_str(saved->app), .native_id = saved->native_id };

	if (prepared_new(&p, err) < 0)
		return -1;
	p->tombstone = true;
	p->of_box = strcmp(saved->app, BOX_APP) == 0;
	memcpy(p->item.b, saved->item, sizeof p->item.b);
	if (copy_names(p, r, saved->app, saved->native_id, saved->native_id, err) < 0 ||
	    record_pack(r->packer, &p->plain, &record, false, err) < 0)
		return -1;
	*out = TAKE(p);
	return 0;
}

/* Its payload: in the record, or as one chunk that is held. */
static int
box_payload(struct buf *payload, struct prepared *p, struct run *r, struct span bytes,
	    struct err *err)
{
	struct payload_cut cut = { .to = bytes.n, .n_chunks = 1 };

	if (bytes.n <= RECORD_PAYLOAD_INLINE)
		return payload_build(payload, bytes, NULL, 0, err);
	if (add_chunk(p, r, CHUNK_MEDIA, bytes, err) < 0 ||
	    prepared_hold(p, &p->entries.e[0].cid, CHUNK_MEDIA, bytes, err) < 0)
		return -1;
	return payload_build(payload, bytes, &cut, 1, err);
}

int
prepare_box_item(struct prepared **out, struct run *r, const struct box_item *item, struct err *err)
{
	AUTO(prepared_free) struct prepared *p = NULL;
	AUTO(buf_clear) struct buf payload = BUF_INIT(PAYLOAD_BYTES_MAX);
	struct record record = {
		.app = span_str(BOX_APP),
		.native_id = item->native_id,
		.live = !item->gone,
	};

	if (prepared_new(&p, err) < 0)
		return -1;
	p->of_box = true;
	p->tombstone = item->gone;
	p->size = item->bytes.n;
	memcpy(p->item.b, item->item, sizeof p->item.b);
	memcpy(p->content, item->content, sizeof p->content);
	if (copy_names(p, r, BOX_APP, item->native_id, item->native_id, err) < 0)
		return -1;
	if (!item->gone) {
		record.name = item->native_id;
		record.mime = span_str(BOX_ITEM_TYPE);
		record.size_bytes = item->bytes.n;
		if (box_payload(&payload, p, r, item->bytes, err) < 0)
			return -1;
		record.payload = buf_span(&payload);
	}
	if (pack(p, r, &record, err) < 0)
		return -1;
	*out = TAKE(p);
	return 0;
}
