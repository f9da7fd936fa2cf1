//! A small ext4 or XFS of its own in a file, mounted through a loop device, whose power can be cut.
//!
//! Needs root. To be used in a mount namespace of its own (see [`isolated`]): then no mount outlives the process
//! that made it, however it ends, and the loop device is freed with the mount.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Another process of this user may hold a file of the mount for the instant between fork and exec.
const UNMOUNT_PATIENCE: Duration = Duration::from_secs(10);

/// A kind of file system that knows the shutdown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileSystem {
    pub(crate) name: &'static str,
    mkfs_arguments: &'static [&'static str],
    /// The smallest that its mkfs makes.
    mebibytes_min: u64,
}

pub(crate) const FILE_SYSTEMS: [FileSystem; 2] = [
    FileSystem {
        name: "ext4",
        // No blocks kept for root: the tests fill it as root and mean it to be full.
        mkfs_arguments: &["-q", "-F", "-m", "0"],
        mebibytes_min: 8,
    },
    FileSystem {
        name: "xfs",
        mkfs_arguments: &["-q", "-f"],
        mebibytes_min: 300,
    },
];
pub(crate) const EXT4: FileSystem = FILE_SYSTEMS[0];

/// A file system in a file.
#[derive(Debug)]
pub(crate) struct Image {
    kind: FileSystem,
    file: PathBuf,
    mount_point: PathBuf,
    mounted: bool,
}

/// How the file system ends. All of them refuse whatever comes after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Everything is written first, as when the disk had just caught up.
    Synced = 0,
    /// The journal is written first, data pages are not.
    Journal = 1,
    /// Nothing is written: what was not synced is gone.
    Nothing = 2,
}

/// The ioctl EXT4_IOC_SHUTDOWN, which is XFS_IOC_GOINGDOWN too, at a line on standard input. Perl, because the call is beyond the standard library,
/// and unsafe code is kept to one module of the log.
const SHUTDOWN: &str = r#"
    my ($dir, $flags) = @ARGV;
    $flags = pack("L", $flags);
    open(my $file, "<", $dir) or die "cannot open $dir: $!";
    $| = 1;
    print "ready\n";
    defined(<STDIN>) or exit 0;
    ioctl($file, 0x8004587d, $flags) or die "cannot shut $dir down: $!";
"#;

impl Image {
    /// Makes an empty file system of `mebibytes`, or the least there is of its kind, in `dir`, not mounted.
    pub(crate) fn create(dir: &Path, kind: FileSystem, mebibytes: u64) -> io::Result<Self> {
        let image = Self {
            kind,
            file: dir.join("disk.img"),
            mount_point: dir.join("disk"),
            mounted: false,
        };
        std::fs::create_dir_all(&image.mount_point)?;
        let mebibytes = mebibytes.max(kind.mebibytes_min);
        std::fs::File::create(&image.file)?.set_len(mebibytes * 1024 * 1024)?;
        run(Command::new(format!("mkfs.{}", kind.name))
            .args(kind.mkfs_arguments)
            .arg(&image.file))?;
        Ok(image)
    }

    /// Where it is mounted.
    pub(crate) fn path(&self) -> &Path {
        &self.mount_point
    }

    /// Mounts it, writable unless `options` say otherwise; replays its journal if its power was cut.
    pub(crate) fn mount(&mut self, options: &str) -> io::Result<()> {
        run(Command::new("mount")
            .args(["-t", self.kind.name, "-o", &format!("loop,{options}")])
            .arg(&self.file)
            .arg(&self.mount_point))?;
        self.mounted = true;
        Ok(())
    }

    /// Unmounts it. Not lazily: a mount that lives on would go on writing.
    pub(crate) fn unmount(&mut self) -> io::Result<()> {
        let deadline = Instant::now() + UNMOUNT_PATIENCE;
        while let Err(error) = run(Command::new("umount").arg(&self.mount_point)) {
            if Instant::now() > deadline {
                return Err(error);
            }
            std::thread::yield_now();
        }
        self.mounted = false;
        Ok(())
    }

    /// Gets ready to cut its power, so that the cut itself takes no time. Holds the mount until it is done.
    pub(crate) fn switch(&self, how: Cut) -> io::Result<Switch> {
        let mut process = Command::new("perl")
            .args(["-e", SHUTDOWN])
            .arg(&self.mount_point)
            .arg((how as u32).to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut said = String::new();
        let stdout = process.stdout.take().expect("its output is a pipe");
        BufReader::new(stdout).read_line(&mut said)?;
        let switch = Switch(process);
        if said == "ready\n" {
            Ok(switch)
        } else {
            Err(io::Error::other("the power switch is not ready"))
        }
    }
}

/// Ready to cut the power of an image.
#[derive(Debug)]
pub(crate) struct Switch(Child);

impl Switch {
    /// Cuts it: from now on the disk answers nothing but errors, until it is unmounted and mounted again.
    pub(crate) fn cut(mut self) -> io::Result<()> {
        let mut stdin = self.0.stdin.take().expect("its input is a pipe");
        stdin.write_all(b"now\n")?;
        let status = self.0.wait()?;
        if status.success() {
            Ok(())
        } else {
            Err(io::Error::other(format!("the power switch: {status}")))
        }
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        // Not used: at the end of its input it ends.
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        if self.mounted {
            // Lazily: a child that still runs must not keep the mount for good.
            let _ = run(Command::new("umount").arg("-l").arg(&self.mount_point));
        }
    }
}

/// The same program in a mount namespace of its own, to be given its arguments.
pub(crate) fn isolated() -> io::Result<Command> {
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "--propagation", "private", "--"])
        .arg(std::env::current_exe()?);
    Ok(command)
}

/// What is missing to mount images, if anything.
pub(crate) fn missing() -> Option<String> {
    // The owner of a process's own folder is its effective user.
    let user = std::fs::metadata("/proc/self").map(|folder| folder.uid());
    if !matches!(user, Ok(0)) {
        return Some("root, to mount a file system".into());
    }
    for tool in ["mkfs.ext4", "mount", "umount", "unshare", "perl"] {
        let version = if tool == "mkfs.ext4" {
            "-V"
        } else {
            "--version"
        };
        if Command::new(tool).arg(version).output().is_err() {
            return Some(format!("the program {tool}"));
        }
    }
    None
}

fn run(command: &mut Command) -> io::Result<()> {
    let output = command
        .output()
        .map_err(|error| io::Error::new(error.kind(), format!("{command:?}: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(io::Error::other(format!("{command:?} failed: {said}")))
}
