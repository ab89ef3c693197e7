/* SPDX-License-Identifier: Apache-2.0 */
/* joining: see joining.h. */
#include "box/joining.h"

#include <errno.h>
#include <string.h>

#include "box/box_internal.h"
#include "os/os.h"

#define JOINING_FILE  "joining"
#define JOINING_MAGIC "CBJ1"
#define JOINING_BYTES 88

/* Offsets in the file. */
enum {
	JOINING_SUITE = 4,
	JOINING_ZERO = 5, /* 3 bytes */
	JOINING_INVITATION = 8,
	JOINING_ACCOUNT = 24,
	JOINING_DEVICE = 40,
	JOINING_DSK = 56,
};

void
joining_clear(struct joining *j)
{
	secret_free(j->dsk_seed);
	*j = (struct joining){ 0 };
}

int
joining_put(struct box *b, const struct joining *j, struct err *err)
{
	uint8_t raw[JOINING_BYTES] = JOINING_MAGIC;
	int rc;

	raw[JOINING_SUITE] = CRYPTO_SUITE;
	memcpy(raw + JOINING_INVITATION, j->invitation.b, sizeof j->invitation.b);
	memcpy(raw + JOINING_ACCOUNT, j->account.b, sizeof j->account.b);
	memcpy(raw + JOINING_DEVICE, j->device.b, sizeof j->device.b);
	memcpy(raw + JOINING_DSK, secret_bytes(j->dsk_seed), SECRET_BYTES);
	rc = os_replace_file(b->home_fd, JOINING_FILE, SPAN_ARRAY(raw), 0600, err);
	secret_wipe(raw, sizeof raw);
	return rc < 0 ? err_wrap(err, "%s", b->home) : 0;
}

static int
decode(struct joining *out, const uint8_t raw[static JOINING_BYTES], struct err *err)
{
	if (memcmp(raw, JOINING_MAGIC, 4) != 0 || raw[JOINING_SUITE] != CRYPTO_SUITE ||
	    memcmp(raw + JOINING_ZERO, "\0\0", 3) != 0)
		return BOX_ABSENT;
	memcpy(out->invitation.b, raw + JOINING_INVITATION, sizeof out->invitation.b);
	memcpy(out->account.b, raw + JOINING_ACCOUNT, sizeof out->account.b);
	memcpy(out->device.b, raw + JOINING_DEVICE, sizeof out->device.b);
	return secret_from_bytes(&out->dsk_seed, raw + JOINING_DSK, err);
}

int
joining_get(struct joining *out, struct box *b, struct err *err)
{
	uint8_t raw[JOINING_BYTES];
	size_t got = 0;
	int rc, fd = os->openat(b->home_fd, JOINING_FILE, O_RDONLY | O_NOFOLLOW, 0);

	if (fd < 0 && errno == ENOENT)
		return BOX_ABSENT;
	if (fd < 0)
		return err_sys(err, errno, "cannot open %s/%s", b->home, JOINING_FILE);
	rc = os_read_full(fd, raw, sizeof raw, &got, "the joining file", err);
	os->close(fd);
	if (rc == 0)
		rc = got == sizeof raw ? decode(out, raw, err) : BOX_ABSENT;
	secret_wipe(raw, sizeof raw);
	return rc;
}

void
joining_drop(struct box *b)
{
	struct err ignored;

	if (os->unlinkat(b->home_fd, JOINING_FILE, 0) == 0)
		os_sync_folder_of(b->home_fd, JOINING_FILE, &ignored);
}
