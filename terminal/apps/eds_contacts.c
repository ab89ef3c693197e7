/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eds_contacts: the contacts of GNOME Contacts and of all that stands on Evolution Data Server; how the cards
 * are written there, eds_card.h says.
 */
#include "apps/eds_app.h"
#include "apps/eds_card.h"
#include "apps/find.h"

/* eds_print_fn */
static int
print(void *ctx, struct buf *out, const char *text, struct err *err)
{
	(void)ctx;
	return eds_print(out, EDS_CONTACTS, text, err);
}

static int
contact_prepare(struct buf *out, struct eds_store *eds, struct span bytes, const char *id,
		struct err *err)
{
	(void)eds;
	return eds_card_write(out, bytes, id == NULL, print, NULL, err);
}

static const struct eds_type contacts = {
	.kind = EDS_CONTACTS,
	.form = &form_card,
	.folder = "addressbook",
	.show = eds_card_show,
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
