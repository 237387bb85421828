#pragma once
/* Handles as tests want them: other rights, whose they are, whether they live. */
#include <mx/object.h>
#include <mx/syscalls.h>

static inline mx_handle_t
event(void)
{
	mx_handle_t e = MX_HANDLE_INVALID;

	mx_event_create(0, &e);
	return e;
}

static inline int
alive(mx_handle_t h)
{
	return mx_object_get_info(h, MX_INFO_HANDLE_VALID, NULL, 0, NULL, NULL) == MX_OK;
}

static inline mx_info_handle_basic_t
basic(mx_handle_t h)
{
	mx_info_handle_basic_t b = { 0 };

	mx_object_get_info(h, MX_INFO_HANDLE_BASIC, &b, sizeof(b), NULL, NULL);
	return b;
}

static inline mx_koid_t
koid(mx_handle_t h)
{
	return basic(h).koid;
}

/* Duplicates: with these rights, and with all but these. */
static inline mx_handle_t
only(mx_handle_t h, mx_rights_t rights)
{
	mx_handle_t d = MX_HANDLE_INVALID;

	return mx_handle_duplicate(h, rights, &d) == MX_OK ? d : MX_HANDLE_INVALID;
}

static inline mx_handle_t
without(mx_handle_t h, mx_rights_t less)
{
	return only(h, basic(h).rights & ~less);
}
