/* SPDX-License-Identifier: Apache-2.0 */
/* remote_error: what came of a try, as an error with words and a hint. */
#include "base/text.h"
#include "base/when.h"
#include "os/os.h"
#include "remote/remote_internal.h"

#define DAY_MS          (24 * 3600 * INT64_C(1000))
#define CLOCKS_APART_MS (23 * 3600 * INT64_C(1000))

static int
hint_for(const struct problem *p, struct err *err)
{
	switch (p->word) {
	case PROBLEM_QUOTA:
		if (p->again_s)
			return err_hint(
				err,
				"one device takes at most half of the free quota a day; what "
				"is stored stays, the backup goes on in %llu hours",
				(unsigned long long)(p->again_s + 3599) / 3600);
		return err_hint(err, "ask the server's operator for more room; nothing that lies "
				     "there was touched, the backup goes on when there is room");
	case PROBLEM_DRILLS:
		return err_hint(
			err,
			"without the passphrase a device has 64 records and pieces of data a "
			"day; again in %llu hours, or with the passphrase: cloudbox drill",
			(unsigned long long)(p->again_s + 3599) / 3600);
	case PROBLEM_DISK:
		return err_hint(err, "the server's operator has to make room on its disk; the "
				     "backup goes on then");
	case PROBLEM_VERSION:
		return err_hint(err, "this server needs Cloudbox %s or newer", p->needs);
	case PROBLEM_REVOKED:
	case PROBLEM_DEVICE:
		return err_hint(err,
				"another terminal may have taken its place.  To go on here, join "
				"with a new Box: cloudbox join URL --home DIR");
	case PROBLEM_SUSPENDED:
		return err_hint(err, "ask the server's operator");
	case PROBLEM_ACCOUNT:
		return err_hint(err, "check the account id and the server's address");
	case PROBLEM_INVITATION:
	case PROBLEM_INVITATION_USED:
		return err_hint(err, "ask the server's operator for a new invitation");
	case PROBLEM_PAIRING:
		return err_hint(err, "begin anew on the terminal that is in the account: cloudbox "
				     "pair");
	case PROBLEM_BUSY:
	case PROBLEM_SLOW_DOWN:
		return err_hint(err, "try again in a while");
	default:
		return -1;
	}
}

/* A signature has a time in it, and the server believes one that is a day off (docs/protocol); what is refused while
 * the clocks differ by about that much was refused for them.  True: @err says so. */
static bool
clocks_differ(const struct remote *r, struct err *err)
{
	int64_t here = os->now_unix_ms(), there, apart;
	char here_text[WHEN_TEXT_BYTES], there_text[WHEN_TEXT_BYTES];

	if (!r->problem.now_unix_s || r->problem.now_unix_s > INT64_MAX / 1000)
		return false;
	there = (int64_t)r->problem.now_unix_s * 1000;
	apart = here < there ? there - here : here - there;
	if (apart < CLOCKS_APART_MS)
		return false;
	when_print(here_text, here - here % 1000);
	when_print(there_text, there);
	err_set(err, ERR_REFUSED,
		"the clocks of this terminal and of the server are %llu days apart",
		(unsigned long long)(apart + DAY_MS / 2) / DAY_MS);
	err_hint(err,
		 "here it is %s, there %s: set the wrong one right.  Nothing is lost, it goes on "
		 "then",
		 here_text, there_text);
	return true;
}

int
remote_error_status(struct remote *r, long status, struct span body, struct err *err)
{
	struct err why = { 0 };

	if (problem_parse(&r->problem, (unsigned)status, body, &why) == 0) {
		const struct problem *p = &r->problem;

		r->has_problem = true;
		if (p->word == PROBLEM_SIGNATURE && clocks_differ(r, err)) {
			r->has_problem = false; /* it does not say that a key is wrong */
			return -1;
		}
		if (p->word == PROBLEM_QUOTA && p->again_s)
			err_set(err, problem_err_code(p->word),
				"this device has stored its share of the quota for today");
		else if (p->word == PROBLEM_DRILLS)
			err_set(err, problem_err_code(p->word),
				"this device has looked at its share of the server's data for "
				"today");
		else
			err_set(err, problem_err_code(p->word), "the server says: %s",
				problem_title(p->word));
		return hint_for(p, err);
	}
	if (status >= 500 || status == 408 || status == 429)
		return err_set(err, ERR_UNREACHABLE, "the server answered with status %ld", status);
	err_set(err, ERR_REFUSED, "the server answered with status %ld", status);
	return err_hint(err, "is this the address of a Cloudbox server?");
}

static int
unreachable(const struct remote *r, const char *what, struct err *err)
{
	err_set(err, ERR_UNREACHABLE, "%s:%u: %s", r->url.host, r->url.port, what);
	return err_hint(err, "is the server running, and this terminal connected?  What is not "
			     "sent yet goes next time");
}

int
remote_error_curl(const struct remote *r, CURLcode code, struct err *err)
{
	const char *what = r->curl_error[0] ? r->curl_error : libcurl.easy_strerror(code);

	switch (code) {
	case CURLE_OUT_OF_MEMORY:
		return err_nomem(err);
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
		err_set(err, ERR_AUTH, "%s:%u: the server's key is not the one that is pinned",
			r->url.host, r->url.port);
		return err_hint(err, "either the server got a new key, or this is not the server; "
				     "ask its operator before going on");
	case CURLE_PEER_FAILED_VERIFICATION:
		err_set(err, ERR_AUTH, "%s:%u: nobody known vouches for the server's certificate",
			r->url.host, r->url.port);
		return err_hint(err, "use the server's address with #pin=..., as its operator "
				     "gives it");
	default:
		return unreachable(r, what, err);
	}
}
