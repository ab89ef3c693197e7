/* SPDX-License-Identifier: Apache-2.0 */
/*
 * post: one mail or one webhook on its way, by libcurl, which is loaded for the first.
 *
 * Mail goes to the operator's own server: smtps://, or smtp:// with STARTTLS, without which it is not
 * sent; only to a server on this machine it goes without TLS.  A webhook is an HTTPS POST to an address
 * of the whole Internet, decided by the address that is connected to, after names were looked up; no
 * redirect is followed, no proxy asked, and of the answer nothing is read but its status.
 *
 * Times: connecting 15 s, a mail 60 s in all, a webhook 30 s; ended within a second when *stop becomes
 * true.  One thread at a time.
 */
#ifndef UPKEEP_POST_H
#define UPKEEP_POST_H

#include <stdbool.h>

#include "base/err.h"
#include "base/span.h"

/* The operator's settings.  Borrowed; NULL where not given. */
struct post_options {
	const char *mail_server;     /* "smtps://HOST[:PORT]", "smtp://HOST[:PORT]" */
	const char *mail_from;       /* an address */
	const char *mail_login_file; /* two lines: name, password */
	const char *ca_file;         /* PEM: whom to trust in place of the machine's */
	bool private_webhooks;       /* of this machine and its network, too */
};

/** Before anything is sent: ERR_USAGE says what is wrong; ERR_IO (a file cannot be read, or others can
 *  read the login). */
int post_check(const struct post_options *o, struct err *err);

/** ERR_UNREACHABLE (no connection, timed out, ended within), ERR_REFUSED (the other side said no: its
 *  answer's number in the message), ERR_AUTH (TLS), ERR_CANCELLED (*stop), ERR_UNSUPPORTED (no
 *  libcurl), ERR_NOMEM. */
int post_mail(const struct post_options *o, const char *to, struct span mail,
	      const _Atomic bool *stop, struct err *err);
/** The same; ERR_REFUSED also: an address that is not public. */
int post_webhook(const struct post_options *o, const char *url, struct span json,
		 const _Atomic bool *stop, struct err *err);

#endif
