/* SPDX-License-Identifier: GPL-2.0-only */
/* The current task, and the system call that it is in. */
#ifndef SIGTRACE_SYSCALL_BPF_H
#define SIGTRACE_SYSCALL_BPF_H

#include "kernel.bpf.h"
#include "sigtrace.h"

/*
 * The current task, and a field of it: a plain load where the verifier knows what it is, and else a number of
 * which a helper reads.
 */
#define CURRENT_TASK                                                           \
	(HAS_CURRENT_BTF ? bpf_get_current_task_btf() : (struct task_struct *)bpf_get_current_task())
#define MINE(me, field) (HAS_CURRENT_BTF ? (me)->field : READ(typed(task_struct, me), field))

struct syscall {
	__u32 call;
	__s32 asked;
	__s32 signal;
};

#define CALL_OF(number, kill, tkill, tgkill, sigqueue, tgsigqueue) \
	((number) == (kill)	 ? CALL_KILL :                      \
	 (number) == (tkill)	 ? CALL_TKILL :                     \
	 (number) == (tgkill)	 ? CALL_TGKILL :                    \
	 (number) == (sigqueue)	 ? CALL_RT_SIGQUEUEINFO :           \
	 (number) == (tgsigqueue) ? CALL_RT_TGSIGQUEUEINFO :        \
	 (number) == 424	 ? CALL_PIDFD_SEND_SIGNAL :         \
				   CALL_OTHER)

static __always_inline bool writes_siginfo(__u32 call)
{
	return call == CALL_RT_SIGQUEUEINFO || call == CALL_RT_TGSIGQUEUEINFO ||
	       call == CALL_PIDFD_SEND_SIGNAL;
}

static __always_inline __s32 signal_argument(__u32 call, long second, long third)
{
	return call == CALL_TGKILL || call == CALL_RT_TGSIGQUEUEINFO ? third : second;
}

#if defined(__TARGET_ARCH_x86)
#define TS_COMPAT 0x0002   /* arch/x86/include/asm/thread_info.h */
#define X32_BIT 0x40000000 /* arch/x86/include/uapi/asm/unistd.h */
/* arch/x86/include/asm/page_64_types.h (but for KASAN's) and segment.h: what user space's cs is made of. */
#define THREAD_SIZE (4096 << 2)
#define USER_RPL 3

#define REGISTER(regs, name)                                                               \
	({                                                                                 \
		unsigned long value = 0;                                                   \
		if (HAS_PT_REGS)                                                           \
			value = (regs)->name;                                              \
		else                                                                       \
			bpf_probe_read_kernel(&value, sizeof(value), &(regs)->name);       \
		value;                                                                     \
	})

/* They lie at the end of the kernel's stack: task_pt_regs(), arch/x86/include/asm/processor.h. */
static __always_inline struct pt_regs *registers_of(struct task_struct *me)
{
	struct pt_regs *regs;

	if (HAS_PT_REGS)
		return (struct pt_regs *)bpf_task_pt_regs(me);
	regs = (struct pt_regs *)(READ(typed(task_struct, me), stack) + THREAD_SIZE) - 1;
	return (REGISTER(regs, cs) & USER_RPL) == USER_RPL ? regs : NULL;
}

/* arch/x86/entry/syscalls/syscall_64.tbl and syscall_32.tbl; 524 and 536 are x32's own. */
static __always_inline struct syscall current_syscall(struct task_struct *me)
{
	struct syscall result = {};
	struct pt_regs *regs = registers_of(me);
	__s64 number;

	if (!HAS_PT_REGS && !regs)
		return result;
	number = REGISTER(regs, orig_ax);
	if (number < 0)
		return result;
	if (MINE(me, thread_info.status) & TS_COMPAT) {
		result.call = CALL_OF(number, 37, 238, 270, 178, 335);
		result.asked = REGISTER(regs, bx);
		result.signal = signal_argument(result.call, REGISTER(regs, cx),
						REGISTER(regs, dx));
		return result;
	}
	number &= ~X32_BIT;
	number = number == 524 ? 129 : number == 536 ? 297 : number;
	result.call = CALL_OF(number, 62, 200, 234, 129, 297);
	result.asked = REGISTER(regs, di);
	result.signal = signal_argument(result.call, REGISTER(regs, si),
					REGISTER(regs, dx));
	return result;
}
#elif defined(__TARGET_ARCH_arm64)
/* include/uapi/asm-generic/unistd.h; the first argument's register is overwritten by the result. */
static __always_inline struct syscall current_syscall(struct task_struct *me)
{
	struct syscall result = {};
	struct pt_regs *regs;
	__s32 number;

	if (!HAS_PT_REGS)
		return result;
	regs = (struct pt_regs *)bpf_task_pt_regs(me);
	number = regs->syscallno;
	if (number < 0)
		return result;
	result.call = CALL_OF(number, 129, 130, 131, 138, 240);
	result.asked = regs->orig_x0;
	result.signal = signal_argument(result.call, regs->regs[1],
					regs->regs[2]);
	return result;
}
#else
static __always_inline struct syscall current_syscall(struct task_struct *me)
{
	return (struct syscall){};
}
#endif

#endif
