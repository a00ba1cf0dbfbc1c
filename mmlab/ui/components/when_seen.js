export default function (component) {
  component.setTriggerValue("seen", true);
}
