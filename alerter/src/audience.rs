//! Who is told of what: the members who see a project. Pure.
//!
//! Invariant: nobody is told of a project that they do not see, neither by name nor in a
//! number.

use std::collections::{BTreeMap, BTreeSet};

use lettre::message::Mailbox;
use proto::v1::{Member, MemberStatus, Role};

/// Everybody who can be mailed, and which projects they see.
#[derive(Debug)]
pub struct Audience {
    all: Vec<(Mailbox, Projects)>,
    owners: Vec<Mailbox>,
}

#[derive(Debug)]
enum Projects {
    All,
    Only(BTreeSet<u32>),
}

impl Projects {
    fn have(&self, project: u32) -> bool {
        match self {
            Self::All => true,
            Self::Only(projects) => projects.contains(&project),
        }
    }
}

impl Audience {
    /// Of these people those who are there and have an address.
    pub fn of(members: &[Member]) -> Self {
        let there = members
            .iter()
            .filter(|member| member.status() != MemberStatus::Disabled);
        let mut owners = Vec::new();
        let mailed = there.filter_map(|member| {
            let mailbox: Mailbox = member.email.parse().ok()?;
            if member.role() == Role::Owner {
                owners.push(mailbox.clone());
            }
            let projects = if member.all_projects {
                Projects::All
            } else {
                Projects::Only(member.project_ids.iter().copied().collect())
            };
            Some((mailbox, projects))
        });
        let all = mailed.collect();
        Self { all, owners }
    }

    /// Who manages the installation.
    pub fn owners(&self) -> Vec<Mailbox> {
        self.owners.clone()
    }

    /// Who sees this project.
    pub fn who_sees(&self, project: u32) -> Vec<Mailbox> {
        let seeing = self.all.iter().filter(|(_, its)| its.have(project));
        seeing.map(|(mailbox, _)| mailbox.clone()).collect()
    }

    /// Who sees which of these projects, those who see the same together; who sees none is
    /// not among them.
    pub fn parts(
        &self,
        projects: impl Iterator<Item = u32>,
    ) -> BTreeMap<BTreeSet<u32>, Vec<Mailbox>> {
        let projects: Vec<u32> = projects.collect();
        let mut parts: BTreeMap<BTreeSet<u32>, Vec<Mailbox>> = BTreeMap::new();
        for (mailbox, its) in &self.all {
            let seen = projects.iter().copied().filter(|id| its.have(*id));
            let seen: BTreeSet<u32> = seen.collect();
            if !seen.is_empty() {
                parts.entry(seen).or_default().push(mailbox.clone());
            }
        }
        parts
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn member(email: &str, projects: Option<&[u32]>) -> Member {
        Member {
            email: email.to_owned(),
            status: MemberStatus::Active.into(),
            all_projects: projects.is_none(),
            project_ids: projects.unwrap_or_default().to_vec(),
            ..Member::default()
        }
    }

    fn audience() -> Audience {
        let gone = Member {
            status: MemberStatus::Disabled.into(),
            ..member("gone@x.example", None)
        };
        Audience::of(&[
            member("owner@x.example", None),
            member("one@x.example", Some(&[1])),
            member("both@x.example", Some(&[1, 2])),
            member("none@x.example", Some(&[])),
            member("", None),
            gone,
        ])
    }

    fn addresses(of: &[Mailbox]) -> Vec<String> {
        of.iter().map(|mailbox| mailbox.email.to_string()).collect()
    }

    #[test]
    fn a_project_is_told_to_those_who_see_it_and_to_nobody_else() {
        for (project, expected) in [
            (
                1,
                vec!["owner@x.example", "one@x.example", "both@x.example"],
            ),
            (2, vec!["owner@x.example", "both@x.example"]),
            (3, vec!["owner@x.example"]),
        ] {
            let told = audience().who_sees(project);
            assert_eq!(addresses(&told), expected, "{project}");
        }
    }

    #[test]
    fn who_sees_the_same_of_a_digest_gets_the_same_and_who_sees_nothing_none() {
        let parts = audience().parts([1, 2].into_iter());
        let parts: Vec<(Vec<u32>, Vec<String>)> = parts
            .into_iter()
            .map(|(projects, to)| (projects.into_iter().collect(), addresses(&to)))
            .collect();
        let expected = [
            (vec![1], vec!["one@x.example".to_owned()]),
            (
                vec![1, 2],
                ["owner@x.example", "both@x.example"]
                    .map(str::to_owned)
                    .to_vec(),
            ),
        ];
        assert_eq!(parts, expected);
    }
}
