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
#define MY_PID(me) (HAS_CURRENT_BTF ? (__u32)(me)->tgid : (__u32)(bpf_get_current_pid_tgid() >> 32))
#define MINE(me, field) (HAS_CURRENT_BTF ? (me)->field : READ(typed(task_struct, me), field))

struct syscall {
	__u32 call;
	__s32 asked;
	__s32 signal;
	__s32 number;
	__u32 arch;
	__u32 flags; /* of pidfd_send_signal(2) */
};

/* include/uapi/linux/audit.h */
#define AUDIT_ARCH_X86_64 0xc000003e
#define AUDIT_ARCH_I386 0x40000003
#define AUDIT_ARCH_AARCH64 0xc00000b7
#define PIDFD_SIGNAL_PROCESS_GROUP 4 /* include/uapi/linux/pidfd.h, since v6.9 */


/* pidfd_send_signal(2) has one number on all machines. */
#define CALL_OF(number, kill, tkill, tgkill, sigqueue, tgsigqueue, exec, execat, ptrace, write) \
	((number) == (kill)	    ? CALL_KILL :                                             \
	 (number) == (tkill)	    ? CALL_TKILL :                                            \
	 (number) == (tgkill)	    ? CALL_TGKILL :                                           \
	 (number) == (sigqueue)	    ? CALL_RT_SIGQUEUEINFO :                                  \
	 (number) == (tgsigqueue)   ? CALL_RT_TGSIGQUEUEINFO :                                \
	 (number) == 424	    ? CALL_PIDFD_SEND_SIGNAL :                                \
	 (number) == (exec)	    ? CALL_EXEC :                                             \
	 (number) == (execat)	    ? CALL_EXEC :                                             \
	 (number) == (ptrace)	    ? CALL_PTRACE :                                           \
	 (number) == (write)	    ? CALL_WRITE :                                            \
				      CALL_OTHER)

/* A call that sends names a signal; any other one is what the current task does meanwhile. */
static __always_inline bool sends(__u32 call)
{
	return call != CALL_UNKNOWN && call < CALL_EXEC;
}

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

/* Where the current task goes on in user space. */
static __always_inline __u64 instruction_of(struct task_struct *me)
{
	struct pt_regs *regs = registers_of(me);

	return HAS_PT_REGS || regs ? REGISTER(regs, ip) : 0;
}

/* arch/x86/entry/syscalls/syscall_64.tbl and syscall_32.tbl; from 512 on they are x32's own. */
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
		result.arch = AUDIT_ARCH_I386;
		result.number = number;
		result.call = CALL_OF(number, 37, 238, 270, 178, 335, 11, 358, 26, 4);
		result.asked = REGISTER(regs, bx);
		result.signal = signal_argument(result.call, REGISTER(regs, cx),
						REGISTER(regs, dx));
		if (result.call == CALL_PIDFD_SEND_SIGNAL)
			result.flags = REGISTER(regs, si);
		return result;
	}
	number &= ~X32_BIT;
	result.arch = AUDIT_ARCH_X86_64;
	result.number = number;
	if (number >= 512)
		number = number == 524 ? 129 :
			 number == 536 ? 297 :
			 number == 520 ? 59 :
			 number == 521 ? 101 :
			 number == 545 ? 322 :
					 number;
	result.call = CALL_OF(number, 62, 200, 234, 129, 297, 59, 322, 101, 1);
	result.asked = REGISTER(regs, di);
	result.signal = signal_argument(result.call, REGISTER(regs, si),
					REGISTER(regs, dx));
	if (result.call == CALL_PIDFD_SEND_SIGNAL)
		result.flags = REGISTER(regs, r10);
	return result;
}
#elif defined(__TARGET_ARCH_arm64)
static __always_inline __u64 instruction_of(struct task_struct *me)
{
	return HAS_PT_REGS ? ((struct pt_regs *)bpf_task_pt_regs(me))->pc : 0;
}

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
	result.arch = AUDIT_ARCH_AARCH64;
	result.number = number;
	result.call = CALL_OF(number, 129, 130, 131, 138, 240, 221, 281, 117, 64);
	result.asked = regs->orig_x0;
	result.signal = signal_argument(result.call, regs->regs[1],
					regs->regs[2]);
	result.flags = regs->regs[3];
	return result;
}
#else
static __always_inline __u64 instruction_of(struct task_struct *me)
{
	return 0;
}

static __always_inline struct syscall current_syscall(struct task_struct *me)
{
	return (struct syscall){};
}
#endif

/* A file descriptor of the current task; 0 for none. */
static __always_inline struct file *file_of(struct task_struct *me, __u32 fd)
{
	struct fdtable *table = READ(me, files, fdt);
	struct file *file = NULL;

	if (fd < READ(table, max_fds))
		bpf_probe_read_kernel(&file, sizeof(file), READ(table, fd) + fd);
	return file;
}

#endif
