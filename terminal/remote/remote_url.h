/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote_url: where a server is and how its key is known, as one line of text.
 *
 *     https://HOST:PORT/#pin=P                  a server; P: base64url SHA-256 of its key (SPKI)
 *     https://HOST:PORT/i/CODE#pin=P            an invitation
 *     https://HOST:PORT/p/ID#pin=P&s=SECRET     a pairing
 *     http://127.0.0.1:PORT/…                   without TLS: on loopback addresses only
 *
 * CODE, ID (16 bytes) and SECRET (32) are base64url without padding.  The fragment never travels.
 */
#ifndef REMOTE_REMOTE_URL_H
#define REMOTE_REMOTE_URL_H

#include "base/err.h"
#include "base/span.h"

#define REMOTE_HOST_BYTES     256 /* a name of DNS, or an address; NUL included */
#define REMOTE_URL_TEXT_BYTES 512
#define REMOTE_PIN_BYTES      32
#define REMOTE_CODE_BYTES     16 /* of an invitation; of a pairing's id */
#define REMOTE_PAIRING_BYTES  32 /* a pairing's secret */
#define REMOTE_PORT_DEFAULT   8467

enum remote_url_kind { REMOTE_URL_SERVER, REMOTE_URL_INVITATION, REMOTE_URL_PAIRING };

struct remote_url {
	enum remote_url_kind kind;
	bool tls;
	bool pinned;
	uint16_t port;
	char host[REMOTE_HOST_BYTES];         /* lower case; IPv6 without brackets */
	uint8_t pin[REMOTE_PIN_BYTES];        /* if pinned */
	uint8_t code[REMOTE_CODE_BYTES];      /* invitation or pairing */
	uint8_t secret[REMOTE_PAIRING_BYTES]; /* pairing; the caller wipes it */
};

/** ERR_SYNTAX, the hint shows the form.  Without a port: 8467.  Blanks and line ends around @text
 *  are passed by. */
int remote_url_parse(struct remote_url *out, struct span text, struct err *err);

/** The whole line, fragment included. */
void remote_url_print(char out[static REMOTE_URL_TEXT_BYTES], const struct remote_url *url);

/** The server alone, of an invitation or a pairing too: what a terminal keeps. */
struct remote_url remote_url_server(const struct remote_url *url);

#endif
