/* SPDX-License-Identifier: GPL-2.0-only */
/* Asked for by bcc; nothing of it is used. */
