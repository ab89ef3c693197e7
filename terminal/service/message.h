/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message: what the service and a command say to each other through HOME/service
 * (docs/protocol/service.md).
 *
 * SOCK_SEQPACKET: each message arrives as a whole or not at all, so there is no framing.  A message
 * is a word, a line feed, and what follows it:
 *
 *     command                        service
 *     look                           ok                     something changed: look again
 *     session                        ok + 82 bytes, none    the session that is held
 *     keep + 82 bytes                ok                     hold this session (account/session.h)
 *     lock                           ok, none               forget it; none was held
 *     status                         ok + JSON
 *     anything else                  no + a sentence in English
 *
 * Whoever has a user id other than the service's is answered nothing at all.
 */
#ifndef SERVICE_MESSAGE_H
#define SERVICE_MESSAGE_H

#include "base/err.h"
#include "base/span.h"

#define MESSAGE_SOCKET    "service" /* in the Box's folder */
#define MESSAGE_BYTES_MAX 8192

enum message_word {
	/* asked */
	MESSAGE_LOOK,
	MESSAGE_SESSION,
	MESSAGE_KEEP,
	MESSAGE_LOCK,
	MESSAGE_STATUS,
	/* answered */
	MESSAGE_OK,
	MESSAGE_NONE,
	MESSAGE_NO,
	N_MESSAGE_WORDS,
};

struct message {
	enum message_word word;
	struct span body; /* borrowed */
};

/** Put @m into @out; its length in bytes.  ERR_LIMIT: the body is too long. */
int message_encode(size_t *n, uint8_t out[static MESSAGE_BYTES_MAX], const struct message *m,
		   struct err *err);

/** ERR_FORMAT: no word of ours. */
int message_decode(struct message *out, struct span bytes, struct err *err);

#endif
