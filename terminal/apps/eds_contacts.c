/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eds_contacts: the contacts of GNOME Contacts and of all that stands on Evolution Data Server.
 *
 * The service reads vCard 3.0 well; of 2.1 it destroys charsets, of 4.0 pictures.  So it gets nothing but
 * clean 3.0 in UTF-8 (card_convert.h), and whole cards: it would put fields of its own in place of others'.
 * It keeps a card whose UID has a `;` under what stands before that, where two would meet: such a card gets a
 * UID of ours and keeps the other as X-CLOUDBOX-UID.
 *
 * Shown is what it prints, without what it adds: the parameter X-EVOLUTION-E164, which tells a number as it
 * would be dialled here.
 */
#include <string.h>

#include "apps/eds_app.h"
#include "apps/find.h"
#include "item/card_convert.h"
#include "item/card_print.h"
#include "item/card_walk.h"

#define ADDED   "X-EVOLUTION-E164"
#define FOLD_AT 75 /* bytes: RFC 2426, 2.6 */

/* 1. Showing. */

static bool
has_added(struct span line)
{
	return memmem(line.p, line.n, ADDED, sizeof ADDED - 1) != NULL;
}

/* @text as one content line, folded between characters. */
static int
append_folded(struct buf *out, struct span text, struct err *err)
{
	size_t room = FOLD_AT;

	while (text.n > room) {
		size_t n = room;

		while (n > 1 && (text.p[n] & 0xC0) == 0x80)
			n--;
		if (buf_append(out, span_of(text.p, n), err) < 0 ||
		    buf_append_str(out, "\r\n ", err) < 0)
			return -1;
		text = span_of(text.p + n, text.n - n);
		room = FOLD_AT - 1;
	}
	return buf_append(out, text, err) < 0 ? -1 : buf_append_str(out, "\r\n", err);
}

static bool
is_added(struct span name)
{
	return name.n == sizeof ADDED - 1 && strncasecmp((const char *)name.p, ADDED, name.n) == 0;
}

/* The line without what the service added. */
static int
show_line(struct buf *out, struct span source, const struct contentline *line, struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(ITEM_BYTES_MAX);
	struct span params = line->params;
	struct contentline_param p;

	if (line->group.n &&
	    (buf_append(&text, line->group, err) < 0 || buf_append_byte(&text, '.', err) < 0))
		return -1;
	if (buf_append(&text, line->name, err) < 0)
		return -1;
	while (contentline_param_next(&params, &p)) {
		if (is_added(p.name))
			continue;
		if (buf_append_byte(&text, ';', err) < 0 || buf_append(&text, p.name, err) < 0 ||
		    (p.name.n && p.value.n && buf_append_byte(&text, '=', err) < 0) ||
		    buf_append(&text, p.value, err) < 0)
			return -1;
	}
	if (buf_append_byte(&text, ':', err) < 0 ||
	    contentline_unfold(&text, range_span(source, line->value), line->encoding, false, err) <
		    0)
		return -1;
	return append_folded(out, buf_span(&text), err);
}

static int
contact_show(struct buf *out, struct span text, struct err *err)
{
	AUTO(contentline_clear) struct contentline_cursor c;
	struct contentline line;
	int rc;

	card_lines_init(&c, text, "", 1);
	if (!has_added(text))
		return buf_append(out, text, err);
	while ((rc = contentline_next(&c, &line, err)) == 0) {
		struct span raw = range_span(text, line.range);

		rc = line.kind == CONTENTLINE_PROPERTY && has_added(line.params)
			     ? show_line(out, text, &line, err)
			     : buf_append(out, raw, err);
		if (rc < 0)
			return -1;
	}
	return rc == CONTENTLINE_END ? 0 : -1;
}

/* 2. Writing. */

/* The UID that stands for one that the service cannot keep. */
static void
uid_instead(char out[static UUID8_URN_BYTES], const char *uid)
{
	struct field_key key = key_hash(span_str(uid));

	uuid8_urn(out, key.b);
}

/* @card, which is a whole card 3.0, with another UID, and its own beside it. */
static int
with_other_uid(struct buf *out, const struct item *card, struct err *err)
{
	const struct item_style style = item_style(card);
	char urn[UUID8_URN_BYTES];
	size_t at = 0;

	uid_instead(urn, card->uid);
	for (size_t i = 0; i < card->n_fields; i++) {
		const struct field *f = &card->fields[i];

		if (strcmp(f->name, "UID") != 0)
			continue;
		if (buf_append(out, span_of(card->bytes.p + at, f->own.start - at), err) < 0)
			return -1;
		at = f->own.end;
	}
	if (buf_append(out, span_of(card->bytes.p + at, card->insert_at - at), err) < 0 ||
	    form_card.print_uid(out, urn, card->uid, style, err) < 0)
		return -1;
	return buf_append(out,
			  span_of(card->bytes.p + card->insert_at, card->bytes.n - card->insert_at),
			  err);
}

/* The card in clean 3.0. */
static int
convert(struct buf *out, struct span bytes, struct err *err)
{
	AUTO(card_notes_clear) struct card_notes notes = { 0 };
	AUTO(item_free) struct item *card = NULL;

	return card_parse(&card, bytes, "", 1, NULL, err) < 0
		       ? -1
		       : card_convert(out, &notes, card, ITEM_VCARD_30, err);
}

static int
contact_prepare(struct buf *out, struct eds_store *eds, struct span bytes, const char *id,
		struct err *err)
{
	AUTO(buf_clear) struct buf clean = BUF_INIT(2 * ITEM_BYTES_MAX);
	AUTO(item_free) struct item *card = NULL;

	(void)eds;
	if (convert(&clean, bytes, err) < 0 ||
	    card_parse(&card, buf_span(&clean), "", 1, NULL, err) < 0)
		return -1;
	if (!id && card->uid && strchr(card->uid, ';'))
		return with_other_uid(out, card, err);
	return buf_append(out, buf_span(&clean), err);
}

static const struct eds_type contacts = {
	.kind = EDS_CONTACTS,
	.form = &form_card,
	.folder = "addressbook",
	.show = contact_show,
	.prepare = contact_prepare,
};

static int
contacts_open(void **store, const struct app *app, struct err *err)
{
	return eds_app_open(store, app, &contacts, err);
}

static const struct row_kind contact_rows = { .source = "contacts",
					      .open = contacts_open,
					      OVER_EDS };

static int
contacts_find(app_find_fn *fn, void *ctx, struct err *err)
{
	char path[FIND_PATH_BYTES];

	return find_path(path, FIND_DATA, "evolution/addressbook/system")
		       ? find_one("contacts", "contacts-gnome", path, fn, ctx, err)
		       : 0;
}

/* GNOME Contacts shows one picture. */
static const char *const single[] = { "PHOTO", NULL };
static const struct item_profile profile = { .single = single };

extern const struct adapter adapter_eds_contacts;
const struct adapter adapter_eds_contacts = {
	.name = "eds-contacts",
	.form = &form_card,
	.rows = &contact_rows,
	.profile = &profile,
	.find = contacts_find,
	OVER_ROWS,
};
