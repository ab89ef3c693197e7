/* SPDX-License-Identifier: Apache-2.0 */
/* match_words: why an item was matched, or not, in words; see match.h. */
#include <stdio.h>

#include "base/text.h"
#include "merge/match.h"

static const char *
shared_sentence(const char *name)
{
	static const char *const sentences[][2] = {
		{ "TEL", N_("same name and same number") },
		{ "EMAIL", N_("same name and same e-mail address") },
		{ "URL", N_("same name and same web address") },
		{ "ADR", N_("same name and same postal address") },
		{ "BDAY", N_("same name and same birthday") },
	};
	for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++)
		if (strcmp(sentences[i][0], name) == 0)
			return _(sentences[i][1]);
	return _("same name and same chat address");
}

static const char *
new_sentence(enum match_new_reason why)
{
	switch (why) {
	case MATCH_NEW_NOTHING_ALIKE:
		break;
	case MATCH_NEW_NAME_ALONE:
		return _("new: the same name, but no number or address in common");
	case MATCH_NEW_ID_REUSED:
		return _("new: the same id, but another name and nothing in common");
	case MATCH_NEW_TIE:
		return _("new: several here fit equally well");
	case MATCH_NEW_CLAIMED:
		return _("new: the one like it belongs to another item of the backup");
	}
	return _("new: nothing like it here");
}

void
match_reason(char out[static MATCH_REASON_BYTES], const struct match *m)
{
	switch (m->rule) {
	case MATCH_RULE_IDENTICAL:
		snprintf(out, MATCH_REASON_BYTES, "%s", _("everything in it is here already"));
		return;
	case MATCH_RULE_ID:
		snprintf(out, MATCH_REASON_BYTES, "%s", _("same id"));
		return;
	case MATCH_RULE_NAME:
		if (m->shared_tail[0])
			snprintf(out, MATCH_REASON_BYTES, _("same name and same number ending %s"),
				 m->shared_tail);
		else
			snprintf(out, MATCH_REASON_BYTES, "%s", shared_sentence(m->shared_name));
		return;
	case MATCH_RULE_NEW:
		snprintf(out, MATCH_REASON_BYTES, "%s", new_sentence(m->why_new));
		return;
	}
}
