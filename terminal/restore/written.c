/* SPDX-License-Identifier: Apache-2.0 */
/* written: see written.h. */
#include "restore/written.h"

#include "box/content.h"
#include "merge/key_set.h"

int
written_expect(uint8_t out[static BOX_HASH_BYTES], struct app_session *s, const struct identity *me,
	       struct span bytes, struct err *err)
{
	AUTO(buf_clear) struct buf shown = BUF_INIT(ITEM_BYTES_MAX);
	int rc = s->adapter->shown ? s->adapter->shown(&shown, s, bytes, err) : 0;

	if (rc == APP_UNSURE)
		memset(out, 0, BOX_HASH_BYTES);
	else if (rc == 0)
		content_of(out, me->ids, s->adapter->shown ? buf_span(&shown) : bytes);
	return rc < 0 ? -1 : 0;
}

static int
has_fields(const struct item *wrote, const struct item *back, struct err *err)
{
	AUTO(key_set_clear) struct key_set keys = KEY_SET_INIT;
	size_t at;

	for (size_t i = 0; i < back->n_fields; i++)
		if (key_set_add(&keys, &back->fields[i].key, &at, err) < 0)
			return -1;
	for (size_t i = 0; i < wrote->n_fields; i++) {
		const struct field *f = &wrote->fields[i];

		if (!(f->flags & FIELD_IGNORED) && !item_profile_drops(wrote->profile, f->name) &&
		    key_set_find(&keys, &f->key) == KEY_SET_NONE)
			return err_set(err, ERR_IO, "the app did not keep %.40s as it was written",
				       f->name);
	}
	return 0;
}

int
written_check(const struct adapter *a, struct span wrote, struct span back, struct err *err)
{
	AUTO(item_free) struct item *mine = NULL;
	AUTO(item_free) struct item *theirs = NULL;

	if (span_equal(wrote, back))
		return 0;
	if (!a->shown)
		return err_set(err, ERR_IO, "what was read back is not what was written");
	if (a->form->parse(&mine, wrote, "", 1, a->profile, err) < 0 ||
	    a->form->parse(&theirs, back, "", 1, a->profile, err) < 0)
		return -1;
	return has_fields(mine, theirs, err);
}
