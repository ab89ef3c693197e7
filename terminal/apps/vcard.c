/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vcard: contacts, as a folder of .vcf files (recursively) or as one .vcf with many cards.
 *
 * A source is a file, an item is a card: a range of the file's text.  The text is the file's bytes,
 * or, where a byte order mark says UTF-16 or UTF-32, their UTF-8 form (then items are read from the
 * whole converted text, and changes are written back in the file's own form).
 *
 * A file is read through a window, however large it is (item/card_stream.h).  Writing: vcard_write.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/item_reader.h"
#include "apps/vcard_internal.h"
#include "item/card_stream.h"

#define VCARD_UID_MAX 1024 /* a longer UID is no id */

_Static_assert(APP_CONTENT_ID_BYTES == ITEM_CONTENT_ID_BYTES &&
		       ITEM_CONTENT_ID_BYTES == FIELD_KEY_BYTES,
	       "an item's ids by content are the keys of lib/item");

bool
vcard_is_name(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && (strcasecmp(dot, ".vcf") == 0 || strcasecmp(dot, ".vcard") == 0);
}

static int
vcard_sources(struct app_session *s, app_source_fn *fn, app_refused_fn *refused, void *ctx,
	      struct err *err)
{
	return folder_walk(&folder_session_of(s)->folder, vcard_is_name, fn, refused, ctx, err);
}

/* A source's text. */

void
vcard_text_clear(struct vcard_text *t)
{
	if (t->fd >= 0)
		os->close(t->fd);
	t->fd = -1;
	buf_clear(&t->converted);
}

/* The whole file, converted. */
static int
text_convert(struct vcard_text *t, const char *path, struct err *err)
{
	AUTO(buf_clear) struct buf file = BUF_INIT(VCARD_CONVERTED_MAX);
	uint64_t size = (uint64_t)t->st.st_size;
	struct span text;
	uint8_t *p;
	int rc;

	if (size > VCARD_CONVERTED_MAX)
		return err_set(err, ERR_LIMIT, "%s is larger than %zu MiB and not in UTF-8", path,
			       VCARD_CONVERTED_MAX >> 20);
	if (buf_extend(&file, (size_t)size, &p, err) < 0)
		return -1;
	t->size = size;
	t->form = CHARSET_BYTES; /* its bytes, for the moment */
	rc = vcard_text_read(t, 0, p, (size_t)size, path, err);
	if (rc)
		return rc;
	if (charset_open(&text, &t->form, &t->converted, buf_span(&file), err) < 0)
		return -1;
	t->size = text.n;
	return 0;
}

static int
text_start(struct vcard_text *t, const char *path, struct err *err)
{
	AUTO(buf_clear) struct buf none = BUF_INIT(64);
	uint8_t mark[4];
	struct span text;

	if (os->fstat(t->fd, &t->st) < 0)
		return err_sys(err, errno, "cannot look at %s", path);
	t->size = (uint64_t)t->st.st_size;
	if (t->size < sizeof mark)
		return 0;
	int rc = vcard_text_read(t, 0, mark, sizeof mark, path, err);
	if (rc)
		return rc;
	if (charset_open(&text, &t->form, &none, SPAN_ARRAY(mark), err) < 0)
		return -1;
	return t->form == CHARSET_BYTES ? 0 : text_convert(t, path, err);
}

int
vcard_text_open(struct vcard_text *t, const struct folder_session *s, const char *path,
		const struct app_stamp *stamp, struct err *err)
{
	int rc = folder_open_file(&t->fd, &s->folder, path, stamp, err);

	if (rc == 0)
		rc = text_start(t, path, err);
	return rc || t->form == CHARSET_BYTES ? rc : vcard_text_check(t, s, path, stamp, err);
}

int
vcard_text_read(struct vcard_text *t, uint64_t at, void *p, size_t n, const char *path,
		struct err *err)
{
	if (at > t->size || n > t->size - at)
		return APP_MOVED;
	if (t->form != CHARSET_BYTES) {
		if (n)
			memcpy(p, t->converted.p + at, n);
		return 0;
	}
	for (size_t got = 0; got < n;) {
		ssize_t r = os->pread(t->fd, (char *)p + got, n - got, (off_t)(at + got));

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return err_sys(err, errno, "cannot read %s", path);
		if (r == 0)
			return APP_MOVED;
		got += (size_t)r;
	}
	return 0;
}

int
vcard_text_check(const struct vcard_text *t, const struct folder_session *s, const char *path,
		 const struct app_stamp *stamp, struct err *err)
{
	return folder_check_file(t->fd, &s->folder, path, stamp, err);
}

/* Reading a source: card by card. */
struct reading {
	const struct app_source *source;
	struct vcard_text *text;
	uint64_t at; /* read so far */
	bool moved;
	bool stopped; /* by @fn or @refused */
	const struct item_profile *profile;
	bool in_folder;
	uint32_t position;
	app_item_fn *fn;
	app_refused_fn *refused;
	void *ctx;
};

static int
reading_refuse(struct reading *r, unsigned line, const struct err *why, struct err *err)
{
	struct app_refused refused = { .source = r->source->path, .line = line, .why = why };

	int rc = r->refused ? r->refused(r->ctx, &refused, err) : 0;

	r->stopped |= rc < 0;
	return rc;
}

/* The source as a whole gives nothing; for now only, if the disk is why. */
static int
reading_give_up(struct reading *r, const struct err *why, struct err *err)
{
	if (reading_refuse(r, 0, why, err) < 0)
		return -1;
	return why->code == ERR_IO ? APP_UNREAD : 0;
}

static int
reading_emit(struct reading *r, const struct card_stream_part *part, const struct item *card,
	     struct err *err)
{
	AUTO(buf_clear) struct buf name = BUF_INIT(8192);
	size_t uid_n = card->uid ? strlen(card->uid) : 0;
	struct app_item out = {
		.place = { .source = r->source->path,
			   .stamp = r->source->stamp,
			   .position = r->position,
			   .offset = part->offset,
			   .size = part->bytes.n,
			   .form = (uint8_t)r->text->form },
		.type = form_card.types[0],
		/* In a file of many cards its time says nothing about one of them. */
		.modified_unix_ms = r->in_folder ? r->source->stamp.mtime_ns / 1000000 : 0,
		.bytes = card->bytes,
		.id_by_content = !r->in_folder,
	};

	if (uid_n && uid_n <= VCARD_UID_MAX)
		out.uid = span_of(card->uid, uid_n);
	else if (out.id_by_content && item_content_id(card, out.content_id, err) < 0)
		return -1;
	if (card->n_name_keys > 0)
		memcpy(out.name_id, card->name_keys[0].b, sizeof out.name_id);
	if (name_for_people(&name, span_str(card->name), err) < 0)
		return -1;
	out.name = buf_span(&name);
	r->position++;
	int rc = r->fn(r->ctx, &out, err);
	r->stopped |= rc < 0;
	return rc;
}

static int
reading_part(void *ctx, const struct card_stream_part *part, struct err *err)
{
	struct reading *r = ctx;
	AUTO(item_free) struct item *card = NULL;
	struct err why = { 0 };

	if (part->bad)
		return reading_refuse(r, part->line, part->bad, err);
	if (card_parse(&card, part->bytes, r->source->path, part->line, r->profile, &why) < 0) {
		if (why.code == ERR_NOMEM)
			return *err = why, -1;
		return reading_refuse(r, part->line, &why, err);
	}
	return reading_emit(r, part, card, err);
}

/* The next bytes of the text. */
static int
reading_read(void *ctx, void *p, size_t n, size_t *got, struct err *err)
{
	struct reading *r = ctx;
	uint64_t left = r->text->size - r->at;
	int rc;

	*got = left < n ? (size_t)left : n;
	rc = vcard_text_read(r->text, r->at, p, *got, r->source->path, err);
	r->moved = rc == APP_MOVED;
	if (rc)
		return rc < 0 ? -1 : err_set(err, ERR_CONFLICT, "%s changed", r->source->path);
	r->at += *got;
	return 0;
}

static int
reading_run(struct reading *r, struct folder_session *f, struct err *err)
{
	struct card_stream stream = { .ctx = r, .read = reading_read, .source = r->source->path };
	struct err why = { 0 };
	int rc = card_stream_split(&stream, reading_part, r, &why);

	if (rc == 0)
		rc = vcard_text_check(r->text, f, r->source->path, &r->source->stamp, &why);
	if (rc == 0 || rc == APP_MOVED || r->moved)
		return rc == 0 ? 0 : APP_MOVED;
	if (r->stopped || why.code == ERR_NOMEM)
		return *err = why, -1;
	return reading_give_up(r, &why, err);
}

static int
vcard_read_source(struct app_session *s, const struct app_source *source, app_item_fn *fn,
		  app_refused_fn *refused, void *ctx, struct err *err)
{
	AUTO(vcard_text_clear) struct vcard_text t = VCARD_TEXT_INIT;
	struct folder_session *f = folder_session_of(s);
	struct reading r = { .source = source,
			     .text = &t,
			     .profile = s->adapter->profile,
			     .in_folder = !f->folder.only,
			     .fn = fn,
			     .refused = refused,
			     .ctx = ctx };
	struct err why = { 0 };
	int rc = vcard_text_open(&t, f, source->path, &source->stamp, &why);

	if (rc == APP_MOVED)
		return rc;
	if (rc < 0 && why.code == ERR_NOMEM)
		return *err = why, -1;
	if (rc < 0)
		return reading_give_up(&r, &why, err);
	return reading_run(&r, f, err);
}

static int
vcard_type(const char **out, struct app_session *s, const struct app_place *place, struct err *err)
{
	(void)s;
	(void)place;
	(void)err;
	*out = form_card.types[0];
	return 0;
}

static int
vcard_open_item(struct item_reader **out, struct app_session *s, const struct app_place *place,
		struct err *err)
{
	AUTO(vcard_text_clear) struct vcard_text t = VCARD_TEXT_INIT;
	AUTO(buf_clear) struct buf card = BUF_INIT(ITEM_BYTES_MAX);
	struct folder_session *f = folder_session_of(s);
	uint8_t *p;
	int rc;

	if (place->form == CHARSET_BYTES)
		return folder_reader_new(out, f, place, err);
	rc = vcard_text_open(&t, f, place->source, &place->stamp, err);
	if (rc)
		return rc;
	if (buf_extend(&card, (size_t)place->size, &p, err) < 0)
		return -1;
	rc = vcard_text_read(&t, place->offset, p, (size_t)place->size, place->source, err);
	return rc ? rc : bytes_reader_new(out, &card, err);
}

static const char *
vcard_only(const struct app_session *s)
{
	return ((const struct folder_session *)s)->folder.only;
}

/* Whatever program reads the folder shows one face: a second photo would only be lost in it. */
static const char *const vcard_single[] = { "PHOTO", NULL };
static const struct item_profile vcard_profile = { .single = vcard_single };

extern const struct adapter adapter_vcard;
const struct adapter adapter_vcard = {
	.name = "vcard",
	.form = &form_card,
	.profile = &vcard_profile,
	.open = folder_session_open,
	.close = folder_session_close,
	.sources = vcard_sources,
	.stamp = folder_session_stamp,
	.tidy = folder_session_tidy,
	.read_source = vcard_read_source,
	.type = vcard_type,
	.open_item = vcard_open_item,
	.apply = vcard_apply,
	.only = vcard_only,
	.rewrite = vcard_rewrite,
};
