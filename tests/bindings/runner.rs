//! One runner program: commands go in, one line of JSON comes back for each.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

/// Nothing in the list takes this long; it only keeps a broken runner from hanging.
const PATIENCE: Duration = Duration::from_secs(90);

pub struct Runner {
    child: Child,
    commands: Option<ChildStdin>,
    answers: Receiver<String>,
    complaints: Option<JoinHandle<String>>,
}

impl Runner {
    pub fn start(mut command: Command) -> Result<Runner, String> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{command:?} does not start: {error}"))?;
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let (tell, answers) = channel();
        std::thread::spawn(move || {
            let lines = BufReader::new(out).lines().map_while(Result::ok);
            lines.map_while(|line| tell.send(line).ok()).for_each(drop);
        });
        let complaints = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let read = BufReader::new(err).read_to_end(&mut bytes);
            let text = String::from_utf8_lossy(&bytes).into_owned();
            read.map_or_else(|error| format!("{text} ({error})"), |_| text.clone())
        });
        let commands = child.stdin.take();
        Ok(Runner { child, commands, answers, complaints: Some(complaints) })
    }

    /// Has one command done, and gives what the runner says to it.
    pub fn ask(&mut self, command: &Value) -> Result<Value, String> {
        let commands = self.commands.as_mut().expect("open until the end");
        if let Err(error) = writeln!(commands, "{command}").and_then(|()| commands.flush()) {
            return Err(self.ended(&format!("takes no command: {error}")));
        }
        match self.answers.recv_timeout(PATIENCE) {
            Ok(line) => serde_json::from_str(&line)
                .map_err(|error| format!("the runner's answer is no JSON ({error}): {line}")),
            Err(RecvTimeoutError::Timeout) => Err(self.ended("does not answer")),
            Err(RecvTimeoutError::Disconnected) => Err(self.ended("ended instead of answering")),
        }
    }

    /// Like a power failure: nothing is said, nothing is closed.
    pub fn kill(mut self) {
        self.stop();
    }

    /// The end of its input is the end of a runner; it must end well.
    pub fn finish(mut self) -> Result<(), String> {
        self.commands = None;
        let start = std::time::Instant::now();
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(status)) => return Err(self.ended(&format!("ended badly, {status}"))),
                Ok(None) if start.elapsed() > PATIENCE => return Err(self.ended("does not end")),
                Ok(None) => std::thread::sleep(Duration::from_millis(5)),
                Err(error) => return Err(self.ended(&error.to_string())),
            }
        }
    }

    fn ended(&mut self, how: &str) -> String {
        self.stop();
        let complaints = self.complaints.take().and_then(|thread| thread.join().ok());
        format!("the runner {how}\n{}", complaints.unwrap_or_default())
    }

    fn stop(&mut self) {
        // One that has ended already cannot be killed, which is as good.
        if self.child.kill().is_ok() || self.child.try_wait().is_ok() {
            self.child.wait().expect("a child can be waited for");
        }
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.stop();
    }
}
