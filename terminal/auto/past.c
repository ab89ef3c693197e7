/* SPDX-License-Identifier: Apache-2.0 */
/*
 * past: see past.h.  Settings of task `backup`:
 *
 *     local-auto-backup-done      a moment
 *     local-auto-backup-tried     a moment
 *     local-auto-backup-problem   "3 5 SENTENCE": failures, failed, problem of struct auto_past
 *
 * and of all tasks together local-auto-change and local-auto-contact, moments.  One that cannot be read counts as none: at worst a
 * task is done once more.
 */
#include "auto/past.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "box/settings.h"

#define CHANGE  "local-auto-change"
#define CONTACT "local-auto-contact"

static void
key_of(char out[static SETTING_KEY_MAX + 1], const char *task, const char *what)
{
	snprintf(out, SETTING_KEY_MAX + 1, "local-auto-%s-%s", task, what);
}

static int
get_moment(struct moment *out, struct box *b, const char *key, struct err *err)
{
	AUTO(buf_clear) struct buf value = BUF_INIT(SETTING_VALUE_MAX);

	*out = (struct moment){ 0 };
	if (setting_get(&value, b, key, err) < 0)
		return -1;
	moment_parse(out, buf_str(&value));
	return 0;
}

static int
set_moment(struct box *b, const char *key, const struct moment *m, struct err *err)
{
	char text[MOMENT_TEXT_BYTES];

	if (!m->unix_ms)
		return setting_remove(b, key, err);
	moment_print(text, m);
	return setting_set(b, key, span_str(text), err);
}

static int
get_problem(struct auto_past *out, struct box *b, const char *task, struct err *err)
{
	AUTO(buf_clear) struct buf value = BUF_INIT(SETTING_VALUE_MAX);
	char key[SETTING_KEY_MAX + 1];
	unsigned failures, code;
	int at = 0;

	key_of(key, task, "problem");
	if (setting_get(&value, b, key, err) < 0)
		return -1;
	if (sscanf(buf_str(&value), "%u %u %n", &failures, &code, &at) != 2 || code > ERR_INTERNAL)
		return 0;
	out->failures = failures;
	out->failed = (enum err_code)code;
	snprintf(out->problem, sizeof out->problem, "%s", buf_str(&value) + at);
	return 0;
}

static int
set_problem(struct box *b, const char *task, const struct auto_past *past, struct err *err)
{
	char key[SETTING_KEY_MAX + 1], text[sizeof past->problem + 32];

	key_of(key, task, "problem");
	if (!past->failures && !past->failed)
		return setting_remove(b, key, err);
	snprintf(text, sizeof text, "%u %u %s", past->failures, (unsigned)past->failed,
		 past->problem);
	return setting_set(b, key, span_str(text), err);
}

int
auto_past_get(struct auto_past *out, struct box *b, const char *task, struct err *err)
{
	char done[SETTING_KEY_MAX + 1], tried[SETTING_KEY_MAX + 1];

	*out = (struct auto_past){ .failures = 0 };
	key_of(done, task, "done");
	key_of(tried, task, "tried");
	return get_moment(&out->done, b, done, err) < 0 ||
			       get_moment(&out->tried, b, tried, err) < 0
		       ? -1
		       : get_problem(out, b, task, err);
}

static int
set_past(struct box *b, const char *task, const struct auto_past *past, struct err *err)
{
	char done[SETTING_KEY_MAX + 1], tried[SETTING_KEY_MAX + 1];

	key_of(done, task, "done");
	key_of(tried, task, "tried");
	return set_moment(b, done, &past->done, err) < 0 ||
			       set_moment(b, tried, &past->tried, err) < 0
		       ? -1
		       : set_problem(b, task, past, err);
}

int
auto_past_set(struct box *b, const char *task, const struct auto_past *past, struct err *err)
{
	int rc;

	if (box_begin(b, err) < 0)
		return -1;
	rc = set_past(b, task, past, err);
	if (rc == 0)
		rc = box_commit(b, err);
	if (rc < 0)
		box_rollback(b);
	return rc;
}

int
auto_note_change(struct box *b, const struct moment *now, struct err *err)
{
	return set_moment(b, CHANGE, now, err);
}

int
auto_change_get(struct moment *out, struct box *b, struct err *err)
{
	return get_moment(out, b, CHANGE, err);
}

int
auto_change_clear(struct box *b, struct err *err)
{
	return setting_remove(b, CHANGE, err);
}

int
auto_contact_note(struct box *b, const struct moment *now, struct err *err)
{
	return set_moment(b, CONTACT, now, err);
}

int
auto_contact_get(struct moment *out, struct box *b, struct err *err)
{
	return get_moment(out, b, CONTACT, err);
}
