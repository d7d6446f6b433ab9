/// Every verb there is, in the order of the help.
enum VerbTable {
  static let verbs: [any Verb.Type] = [
    Up.self, Down.self, Create.self, Start.self, Stop.self, Restart.self, Kill.self, Pause.self, Unpause.self,
    Reset.self, Remove.self, Run.self,
    List.self, Status.self, Stats.self, Top.self, Arguments.self, Logs.self, Why.self, Events.self,
    Console.self, SSH.self,
    SSHConfig.self, Wait.self, Execute.self, NetworkList.self,
    Update.self, Profiles.self, Init.self, Validate.self, Doctor.self, CompletionScript.self,
    GenerateManual.self,
    ImageAdd.self, ImagePull.self, ImageList.self, ImageRemove.self, ImageVerify.self, DiskList.self,
    DiskRemove.self,
    Jobs.self, JobCancel.self,
    JobDismiss.self,
    SupervisorRun.self, SupervisorStatus.self, SupervisorStop.self, GenerateSystemd.self, SwitchRun.self,
    Version.self,
  ]

  /// Those that other programs call, and no help shows.
  static let hidden: [any Verb.Type] = [Complete.self, SupervisorConnect.self]
}
